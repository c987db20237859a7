import Postgres

/// The roles that read attached tables: they are of this database alone, although roles belong to the cluster.
enum AttachedRoles {
    /// Drops them all, before the schema that knows them goes; those that a copy of this database uses stay.
    static func drop(on connection: Connection) async throws(PostgresError) {
        try await connection.run(
            script: """
                DO $$
                DECLARE
                    reader text;
                BEGIN
                    IF NOT EXISTS (SELECT FROM pg_attribute WHERE attname = 'reader'
                        AND attrelid = to_regclass('hazecast.attachment'))
                    THEN
                        RETURN;
                    END IF;
                    FOR reader IN SELECT a.reader FROM hazecast.attachment AS a JOIN pg_roles ON rolname = a.reader LOOP
                        BEGIN
                            IF NOT pg_has_role(reader, 'USAGE') THEN
                                EXECUTE format('GRANT %I TO %I', reader, current_user);
                            END IF;
                            EXECUTE format('DROP OWNED BY %I', reader);
                            EXECUTE format('DROP ROLE %I', reader);
                        EXCEPTION WHEN dependent_objects_still_exist THEN
                            NULL;
                        END;
                    END LOOP;
                END
                $$
                """)
    }
}
