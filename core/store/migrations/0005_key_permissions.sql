INSERT INTO "user_permissions" ("user_id", "permission", "object_pk")
SELECT "held"."user_id", "held"."permission" || "part"."name", "held"."object_pk"
FROM "user_permissions" AS "held"
JOIN "users" ON "users"."id" = "held"."user_id" AND "users"."type" = 'internal_service_account'
CROSS JOIN (VALUES ('_certificate'), ('_key')) AS "part" ("name")
WHERE "held"."permission" = 'authentik_crypto.view_certificatekeypair' AND "held"."object_pk" IS NOT NULL
ON CONFLICT DO NOTHING;
