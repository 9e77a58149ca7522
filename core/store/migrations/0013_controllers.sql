CREATE TABLE "controllers" (
	"id" text PRIMARY KEY,
	"name" text NOT NULL,
	"until" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "connection_claims" (
	"connection" uuid PRIMARY KEY,
	"controller" text NOT NULL,
	CONSTRAINT "connection_claims_connection_service_connections_uuid_fk" FOREIGN KEY ("connection") REFERENCES "service_connections"("uuid") ON DELETE cascade,
	CONSTRAINT "connection_claims_controller_controllers_id_fk" FOREIGN KEY ("controller") REFERENCES "controllers"("id") ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX "connection_claims_controller" ON "connection_claims" ("controller");
