-- How people sound: pitch beside the other 10 ms signals, measures of utterances and windows in one map by name and unit
-- (a measure that is not there could not be taken), figures of the whole call.
ALTER TABLE earshot.frames
    ADD COLUMN IF NOT EXISTS f0_dhz Array(UInt16) COMMENT 'fundamental frequency, Hz x 10; 0: not voiced or not measured' CODEC(Delta(2), ZSTD(1)) AFTER speech_255,
    ADD COLUMN IF NOT EXISTS voicing_255 Array(UInt8) COMMENT 'confidence that the frame is voiced x 255' CODEC(ZSTD(1)) AFTER f0_dhz,
    COMMENT COLUMN flags 'bits: 1 speech, 2 clipped, 4 gap, 8 digital silence, 16 echo, 32 pitch was measured';

ALTER TABLE earshot.facts
    ADD COLUMN IF NOT EXISTS model LowCardinality(String) COMMENT 'scores of added models, and what was not measured: the models' CODEC(ZSTD(1)) AFTER holes,
    ADD COLUMN IF NOT EXISTS measures Map(LowCardinality(String), Float32) COMMENT 'by name and unit; unknown ones are absent' CODEC(ZSTD(1)) AFTER model;

ALTER TABLE earshot.facts
    COMMENT COLUMN kind 'call_started | speech | turn | overlap | interruption | response | dead_air | gap | noise_burst | echo | clipping | dropout | prosody | tone_change | quality | gibberish | loop | unmeasured | model_score | summary | call_ended',
    COMMENT COLUMN outcome 'interruptions: pending | yielded | continued | backchannel | turn_end | noise | inconclusive; tone changes: raised | lowered | mixed',
    COMMENT COLUMN reason 'gaps: loss | late | restart | shed; unmeasured: shed | failed; prosody without pitch: why; ended calls: the end reason';

ALTER TABLE earshot.calls
    ADD COLUMN IF NOT EXISTS gibberish_count Nullable(UInt32) CODEC(ZSTD(1)) AFTER echo_loss_db,
    ADD COLUMN IF NOT EXISTS loop_count Nullable(UInt32) CODEC(ZSTD(1)) AFTER gibberish_count,
    ADD COLUMN IF NOT EXISTS tone_change_count Nullable(UInt32) CODEC(ZSTD(1)) AFTER loop_count,
    ADD COLUMN IF NOT EXISTS intelligibility_caller Nullable(Float32) COMMENT 'mean, 0..1; NULL: not measured' CODEC(ZSTD(1)) AFTER tone_change_count,
    ADD COLUMN IF NOT EXISTS intelligibility_agent Nullable(Float32) COMMENT 'mean, 0..1; NULL: not measured' CODEC(ZSTD(1)) AFTER intelligibility_caller,
    ADD COLUMN IF NOT EXISTS overall_mos_caller Nullable(Float32) COMMENT 'mean of P.835 OVRL, 1..5; NULL: not measured' CODEC(ZSTD(1)) AFTER intelligibility_agent,
    ADD COLUMN IF NOT EXISTS overall_mos_agent Nullable(Float32) COMMENT 'mean of P.835 OVRL, 1..5; NULL: not measured' CODEC(ZSTD(1)) AFTER overall_mos_caller,
    ADD COLUMN IF NOT EXISTS f0_hz_caller Nullable(Float32) COMMENT 'geometric mean over voiced speech; NULL: not measured' CODEC(ZSTD(1)) AFTER overall_mos_agent,
    ADD COLUMN IF NOT EXISTS f0_hz_agent Nullable(Float32) COMMENT 'geometric mean over voiced speech; NULL: not measured' CODEC(ZSTD(1)) AFTER f0_hz_caller;
