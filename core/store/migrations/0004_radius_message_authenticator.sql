ALTER TABLE "providers_radius" ADD COLUMN "message_authenticator" text DEFAULT 'required' NOT NULL;
