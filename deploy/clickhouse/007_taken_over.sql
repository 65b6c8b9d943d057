-- A call may be taken over in the middle of its log by a process that has never seen its opening entry, so what was said in it is
-- kept beside the state, and which session of ingest has the call: of the entries that ingest makes itself only those of the
-- session that opened the call last are heard.
ALTER TABLE earshot.call_states
    ADD COLUMN IF NOT EXISTS taken Int64 COMMENT 'entries of the log that are contained; tells states of one seq apart' AFTER seq;

ALTER TABLE earshot.call_states
    ADD COLUMN IF NOT EXISTS opened String COMMENT 'JSON: the call as it was opened, the session of ingest that has it; empty once the call has ended' CODEC(ZSTD(1)) AFTER ended;
