-- Begin a transaction, and drop everything that the current role owns in this database,
-- except what belongs to an extension or to a column. Dropping one may drop another.
-- DROP OWNED BY does not do for a superuser, whose role owns the system's objects too.
BEGIN;
SET LOCAL client_min_messages = error;
DO $$ BEGIN EXECUTE (
    SELECT coalesce(string_agg(format(
        'DROP %s IF EXISTS %s CASCADE', described.type, described.identity), ';'), '')
    FROM (
        SELECT 'pg_class'::regclass AS catalog, oid, relnamespace AS schema, relowner
        FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'S')
        UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace, proowner FROM pg_proc
        UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace, typowner FROM pg_type
        UNION ALL SELECT 'pg_namespace'::regclass, oid, oid, nspowner
        FROM pg_namespace WHERE nspname <> 'public'
    ) AS object (catalog, oid, schema, owner)
    JOIN pg_namespace ON pg_namespace.oid = object.schema
    CROSS JOIN pg_identify_object(object.catalog, object.oid, 0) AS described
    WHERE object.owner = current_user::regrole
        AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\_%'
        AND NOT EXISTS (
            SELECT FROM pg_depend
            WHERE classid = object.catalog AND objid = object.oid
                AND objsubid = 0 AND deptype IN ('e', 'i')
        )
); END $$;
