CREATE TABLE "ownerships" (
	"uuid" uuid PRIMARY KEY,
	"model" text NOT NULL,
	"object" text NOT NULL CONSTRAINT "ownerships_object_unique" UNIQUE,
	"owner" text NOT NULL CONSTRAINT "ownerships_owner_unique" UNIQUE,
	"source" text NOT NULL,
	"applied" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created" timestamp with time zone DEFAULT now() NOT NULL
);
