-- Version 1. Times are Unix seconds, money is whole micro-dollars, texts are UTF-8.
-- A later version is a migration of its own in migrations.py; this file is what it starts from.

CREATE TABLE meta (                     -- what the state is bound to, and what was learned of the account
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (                   -- what is the same for all items of equal model, duration and aspect
    id               INTEGER PRIMARY KEY,
    identity         TEXT NOT NULL UNIQUE,
    model            TEXT NOT NULL,
    duration         TEXT NOT NULL,
    duration_seconds TEXT,
    aspect           TEXT NOT NULL,
    inputs           TEXT NOT NULL,     -- JSON
    width            INTEGER NOT NULL,
    height           INTEGER NOT NULL,
    estimate         INTEGER NOT NULL   -- for one attempt
) STRICT;

CREATE TABLE item (
    id            INTEGER PRIMARY KEY,
    key           BLOB NOT NULL,        -- 32 bytes; see core/item.py
    plan          INTEGER NOT NULL,     -- the newest plan that holds it
    sku           TEXT NOT NULL,
    file          TEXT NOT NULL,
    line          INTEGER NOT NULL,
    variant       INTEGER NOT NULL,
    take          INTEGER NOT NULL,
    order_id      INTEGER NOT NULL REFERENCES orders(id),
    prompt        TEXT NOT NULL,
    negative      TEXT,
    image         TEXT NOT NULL,        -- as the manifest says
    source        TEXT NOT NULL,        -- absolute path, or URL
    source_sha256 TEXT NOT NULL,
    row           TEXT NOT NULL,        -- the manifest's columns, JSON
    phase         TEXT NOT NULL DEFAULT 'planned',
    attempts      INTEGER NOT NULL DEFAULT 0,  -- number of the newest attempt
    accepted      INTEGER NOT NULL DEFAULT 0,
    spent         INTEGER NOT NULL DEFAULT 0,  -- of all attempts but the newest
    codes         TEXT NOT NULL DEFAULT '[]',
    not_before    REAL NOT NULL DEFAULT 0,
    reason        TEXT NOT NULL DEFAULT '',
    name          TEXT,                 -- of the clip, relative to the output folder; once given, for ever
    clip          TEXT,                 -- JSON
    done_run      INTEGER
) STRICT;

CREATE TABLE name (                     -- clip names as a file system that ignores case and composition sees them
    folded  TEXT PRIMARY KEY,
    item_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (
    item_id        INTEGER NOT NULL REFERENCES item(id),
    number         INTEGER NOT NULL,
    state          TEXT NOT NULL,
    run_id         INTEGER NOT NULL,
    day            TEXT NOT NULL,       -- UTC day of the intent
    intent_at      REAL NOT NULL,
    clock_offset   REAL NOT NULL,       -- seconds that the provider's clock was ahead of ours at the intent
    answered_at    REAL,
    ended_at       REAL,
    estimate       INTEGER NOT NULL,
    settled        INTEGER,
    unsettled      INTEGER NOT NULL,    -- 1: the provider never said what it cost
    upload_id      TEXT NOT NULL,
    upload_url     TEXT NOT NULL,
    upload_gone    INTEGER NOT NULL DEFAULT 0,
    frame_sha256   TEXT NOT NULL,
    recipe         INTEGER NOT NULL,
    prediction_id  TEXT,
    request_id     TEXT NOT NULL,
    render_seconds REAL,
    code           TEXT,
    message        TEXT NOT NULL,
    looks          INTEGER NOT NULL,
    duplicates     TEXT NOT NULL,       -- JSON
    warnings       TEXT NOT NULL DEFAULT '[]',  -- of its frame, JSON
    PRIMARY KEY (item_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX attempt_intent ON attempt(intent_at);
CREATE INDEX attempt_prediction ON attempt(prediction_id) WHERE prediction_id IS NOT NULL;

CREATE TABLE event (                    -- only ever added to
    id      INTEGER PRIMARY KEY,
    item_id INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    at      REAL NOT NULL,
    kind    TEXT NOT NULL,
    data    TEXT NOT NULL               -- JSON
) STRICT;

CREATE TABLE run (
    id         INTEGER PRIMARY KEY,
    started_at REAL NOT NULL,
    ended_at   REAL,
    ended      TEXT NOT NULL DEFAULT '',  -- why; '' while it goes on, or where its process died
    done       INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE purse (                    -- sums over attempts, kept with every event; scope: all, run:7, day:2026-11-23
    scope     TEXT PRIMARY KEY,
    estimated INTEGER NOT NULL DEFAULT 0,
    reserved  INTEGER NOT NULL DEFAULT 0,
    settled   INTEGER NOT NULL DEFAULT 0,
    possibly  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE tally (                    -- items of the newest plan in each phase
    phase TEXT PRIMARY KEY,
    items INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE rejected (                 -- rows of the newest plan that could not become an item
    file   TEXT NOT NULL,
    line   INTEGER NOT NULL,
    sku    TEXT NOT NULL,
    column_name TEXT NOT NULL,
    value  TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;

CREATE TABLE stranger (                 -- executions of the same account that are not ours, remembered to be skipped
    prediction_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
