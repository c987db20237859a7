-- Readers who see some stations only.

CREATE TABLE hazecast.reader_scope (
    role_name name PRIMARY KEY,
    labels jsonb NOT NULL
        CONSTRAINT reader_scope_labels_name_something CHECK (jsonb_typeof(labels) = 'object' AND labels <> '{}'),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE hazecast.reader_scope IS
    'Readers who see only the stations whose labels contain theirs; hazecast.restrict_reader and release_reader write '
    'it.';
COMMENT ON COLUMN hazecast.reader_scope.role_name IS 'The role; its members are in the scope too.';
COMMENT ON COLUMN hazecast.reader_scope.labels IS 'It sees the stations whose labels contain this JSON object.';
COMMENT ON COLUMN hazecast.reader_scope.created_at IS 'When it was restricted so.';
COMMENT ON COLUMN hazecast.reader_scope.created_by IS 'The database user who did it.';
REVOKE ALL ON hazecast.reader_scope FROM PUBLIC;
