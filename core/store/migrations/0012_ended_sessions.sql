ALTER TABLE "revocations" ADD COLUMN "ended_sessions" text[] DEFAULT '{}' NOT NULL;
