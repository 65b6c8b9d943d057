-- States of running calls hold seconds of audio and are sealed from here on (state version 3). Those of before are emptied,
-- their place in the log stays: a call that runs during the upgrade goes on after its last durable message, what was heard of
-- it before is a gap of reason `restart`. Stop all older processes first: what they write later is emptied by no one.
-- Superseded states are merged away within minutes, whether or not new ones come, and so are the parts they lay in.
ALTER TABLE earshot.call_states
    MODIFY COLUMN state String COMMENT 'sealed, base64; empty once the call has ended' CODEC(ZSTD(1));

ALTER TABLE earshot.call_states
    MODIFY SETTING min_age_to_force_merge_seconds = 60, old_parts_lifetime = 60, max_cleanup_delay_period = 60;

ALTER TABLE earshot.call_states UPDATE state = '' WHERE state_version < 3 AND state != '' SETTINGS mutations_sync = 2;
