-- What others report about a call, beside what was heard.
ALTER TABLE earshot.facts
    ADD COLUMN IF NOT EXISTS details Map(LowCardinality(String), String) COMMENT 'words by name: why a part is not known, providers, models, who told' CODEC(ZSTD(1)) AFTER measures,
    COMMENT COLUMN kind 'call_started | speech | turn | overlap | interruption | response | dead_air | gap | noise_burst | echo | clipping | dropout | prosody | tone_change | quality | gibberish | loop | unmeasured | model_score | clock_offset | response_breakdown | interruption_breakdown | agent_text | summary | call_ended';
