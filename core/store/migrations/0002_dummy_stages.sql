CREATE TABLE "stages_dummy" (
	"stage_uuid" uuid PRIMARY KEY,
	"throw_error" boolean DEFAULT false NOT NULL,
	CONSTRAINT "stages_dummy_stage_uuid_stages_stage_uuid_fk" FOREIGN KEY ("stage_uuid") REFERENCES "stages"("stage_uuid") ON DELETE cascade
);
