ALTER TABLE "providers_proxy" ADD COLUMN "additional_headers" text[] DEFAULT '{}' NOT NULL;
