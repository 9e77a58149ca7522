CREATE TABLE "outpost_deployments" (
	"outpost" uuid PRIMARY KEY,
	"outpost_name" text NOT NULL,
	"connection" uuid NOT NULL,
	"record" jsonb NOT NULL,
	CONSTRAINT "outpost_deployments_connection_service_connections_uuid_fk" FOREIGN KEY ("connection") REFERENCES "service_connections"("uuid") ON DELETE restrict
);
--> statement-breakpoint
CREATE INDEX "outpost_deployments_connection" ON "outpost_deployments" ("connection");
--> statement-breakpoint
CREATE TABLE "service_connection_states" (
	"uuid" uuid PRIMARY KEY,
	"healthy" boolean NOT NULL,
	"version" text NOT NULL,
	"reason" text NOT NULL,
	"checked_at" timestamp with time zone NOT NULL,
	CONSTRAINT "service_connection_states_uuid_service_connections_uuid_fk" FOREIGN KEY ("uuid") REFERENCES "service_connections"("uuid") ON DELETE cascade
);
--> statement-breakpoint
ALTER TABLE "service_connections_docker" ADD COLUMN "ssh_host_key" text DEFAULT '' NOT NULL;
