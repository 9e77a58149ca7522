CREATE TABLE "stages_dummy" (
	"stage_uuid" uuid PRIMARY KEY REFERENCES "stages"("stage_uuid") ON DELETE cascade,
	"throw_error" boolean DEFAULT false NOT NULL
);
