-- Everything of Earshot lives in one database; `earshot.migrations` remembers which of these files were applied.
CREATE DATABASE IF NOT EXISTS earshot;

CREATE TABLE IF NOT EXISTS earshot.migrations
(
    name       String COMMENT 'file name under deploy/clickhouse',
    sha256     String COMMENT 'of the file as it was applied; a file that changed afterwards is refused',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY name;
