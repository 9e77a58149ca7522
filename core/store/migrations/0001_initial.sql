CREATE TABLE "applications" (
	"pbm_uuid" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"slug" text NOT NULL,
	"group" text DEFAULT '' NOT NULL,
	"provider" integer,
	"open_in_new_tab" boolean DEFAULT false NOT NULL,
	"meta_launch_url" text DEFAULT '' NOT NULL,
	"meta_icon" text DEFAULT '' NOT NULL,
	"meta_description" text DEFAULT '' NOT NULL,
	"meta_publisher" text DEFAULT '' NOT NULL,
	CONSTRAINT "applications_slug_unique" UNIQUE("slug"),
	CONSTRAINT "applications_provider_unique" UNIQUE("provider")
);
--> statement-breakpoint
CREATE TABLE "providers_ldap" (
	"id" integer PRIMARY KEY NOT NULL,
	"base_dn" text DEFAULT 'DC=ldap,DC=goauthentik,DC=io' NOT NULL,
	"search_group" uuid,
	"certificate" uuid,
	"tls_server_name" text DEFAULT '' NOT NULL,
	"uid_start_number" integer DEFAULT 2000 NOT NULL,
	"gid_start_number" integer DEFAULT 4000 NOT NULL,
	"search_mode" text DEFAULT 'direct' NOT NULL,
	"bind_mode" text DEFAULT 'direct' NOT NULL,
	"mfa_support" boolean DEFAULT true NOT NULL
);
--> statement-breakpoint
CREATE TABLE "providers_oauth2" (
	"id" integer PRIMARY KEY NOT NULL,
	"client_type" text DEFAULT 'confidential' NOT NULL,
	"client_id" text NOT NULL,
	"client_secret" text NOT NULL,
	"access_code_validity" text DEFAULT 'minutes=1' NOT NULL,
	"access_token_validity" text DEFAULT 'hours=1' NOT NULL,
	"refresh_token_validity" text DEFAULT 'days=30' NOT NULL,
	"include_claims_in_id_token" boolean DEFAULT true NOT NULL,
	"signing_key" uuid,
	"redirect_uris" text DEFAULT '' NOT NULL,
	"sub_mode" text DEFAULT 'hashed_user_id' NOT NULL,
	"issuer_mode" text DEFAULT 'per_provider' NOT NULL,
	CONSTRAINT "providers_oauth2_client_id_unique" UNIQUE("client_id")
);
--> statement-breakpoint
CREATE TABLE "property_mappings" (
	"pm_uuid" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"managed" text,
	"expression" text NOT NULL,
	CONSTRAINT "property_mappings_name_unique" UNIQUE("name"),
	CONSTRAINT "property_mappings_managed_unique" UNIQUE("managed")
);
--> statement-breakpoint
CREATE TABLE "provider_property_mappings" (
	"provider_id" integer NOT NULL,
	"pm_uuid" uuid NOT NULL,
	CONSTRAINT "provider_property_mappings_provider_id_pm_uuid_pk" PRIMARY KEY("provider_id","pm_uuid")
);
--> statement-breakpoint
CREATE TABLE "providers" (
	"id" serial PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"authentication_flow" uuid,
	"authorization_flow" uuid,
	"backchannel_application" uuid,
	CONSTRAINT "providers_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "providers_proxy" (
	"id" integer PRIMARY KEY NOT NULL,
	"internal_host" text DEFAULT '' NOT NULL,
	"external_host" text NOT NULL,
	"internal_host_ssl_validation" boolean DEFAULT true NOT NULL,
	"certificate" uuid,
	"skip_path_regex" text DEFAULT '' NOT NULL,
	"basic_auth_enabled" boolean DEFAULT false NOT NULL,
	"basic_auth_password_attribute" text DEFAULT '' NOT NULL,
	"basic_auth_user_attribute" text DEFAULT '' NOT NULL,
	"mode" text DEFAULT 'proxy' NOT NULL,
	"intercept_header_auth" boolean DEFAULT true NOT NULL,
	"cookie_secret" text NOT NULL,
	"cookie_domain" text DEFAULT '' NOT NULL
);
--> statement-breakpoint
CREATE TABLE "providers_radius" (
	"id" integer PRIMARY KEY NOT NULL,
	"client_networks" text DEFAULT '0.0.0.0/0, ::/0' NOT NULL,
	"shared_secret" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "property_mappings_scope" (
	"pm_uuid" uuid PRIMARY KEY NOT NULL,
	"scope_name" text NOT NULL,
	"description" text DEFAULT '' NOT NULL
);
--> statement-breakpoint
CREATE TABLE "certificate_key_pairs" (
	"kp_uuid" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"certificate_data" text NOT NULL,
	"key_data" text DEFAULT '' NOT NULL,
	"managed" text,
	"created" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "certificate_key_pairs_name_unique" UNIQUE("name"),
	CONSTRAINT "certificate_key_pairs_managed_unique" UNIQUE("managed")
);
--> statement-breakpoint
CREATE TABLE "flow_stage_bindings" (
	"fsb_uuid" uuid PRIMARY KEY NOT NULL,
	"target" uuid NOT NULL,
	"stage" uuid NOT NULL,
	"order" integer NOT NULL,
	"evaluate_on_plan" boolean DEFAULT false NOT NULL,
	"re_evaluate_policies" boolean DEFAULT true NOT NULL,
	"invalid_response_action" text DEFAULT 'retry' NOT NULL
);
--> statement-breakpoint
CREATE TABLE "flows" (
	"flow_uuid" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"slug" text NOT NULL,
	"title" text NOT NULL,
	"designation" text NOT NULL,
	"background" text DEFAULT '' NOT NULL,
	"layout" text DEFAULT 'stacked' NOT NULL,
	"compatibility_mode" boolean DEFAULT false NOT NULL,
	"denied_action" text DEFAULT 'message_continue' NOT NULL,
	"authentication" text DEFAULT 'none' NOT NULL,
	CONSTRAINT "flows_slug_unique" UNIQUE("slug")
);
--> statement-breakpoint
CREATE TABLE "stages_identification" (
	"stage_uuid" uuid PRIMARY KEY NOT NULL,
	"user_fields" text[] NOT NULL,
	"password_stage" uuid,
	"case_insensitive_matching" boolean DEFAULT true NOT NULL,
	"show_matched_user" boolean DEFAULT true NOT NULL,
	"enrollment_flow" uuid,
	"recovery_flow" uuid,
	"passwordless_flow" uuid,
	"sources" uuid[] DEFAULT '{}' NOT NULL,
	"show_source_labels" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE "stages_password" (
	"stage_uuid" uuid PRIMARY KEY NOT NULL,
	"backends" text[] NOT NULL,
	"configure_flow" uuid,
	"failed_attempts_before_cancel" integer DEFAULT 5 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "stages" (
	"stage_uuid" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	CONSTRAINT "stages_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "stages_user_login" (
	"stage_uuid" uuid PRIMARY KEY NOT NULL,
	"session_duration" text DEFAULT 'seconds=0' NOT NULL,
	"terminate_other_sessions" boolean DEFAULT false NOT NULL,
	"remember_me_offset" text DEFAULT 'seconds=0' NOT NULL
);
--> statement-breakpoint
CREATE TABLE "stages_user_logout" (
	"stage_uuid" uuid PRIMARY KEY NOT NULL
);
--> statement-breakpoint
CREATE TABLE "changes" (
	"revision" bigserial PRIMARY KEY NOT NULL,
	"model" text NOT NULL,
	"pk" text NOT NULL,
	"action" text NOT NULL,
	"created" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "service_connections_docker" (
	"uuid" uuid PRIMARY KEY NOT NULL,
	"url" text NOT NULL,
	"tls_verification" uuid,
	"tls_authentication" uuid
);
--> statement-breakpoint
CREATE TABLE "service_connections_kubernetes" (
	"uuid" uuid PRIMARY KEY NOT NULL,
	"kubeconfig" text NOT NULL,
	"verify_ssl" boolean DEFAULT true NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outpost_instances" (
	"outpost_uuid" uuid NOT NULL,
	"uid" text NOT NULL,
	"replica" text,
	"last_seen" timestamp with time zone NOT NULL,
	"version" text DEFAULT '' NOT NULL,
	"build_hash" text DEFAULT '' NOT NULL,
	"hostname" text DEFAULT '' NOT NULL,
	"capabilities" text[] DEFAULT '{}' NOT NULL,
	"applied_revision" bigint DEFAULT 0 NOT NULL,
	"applied_sequence" bigint DEFAULT 0 NOT NULL,
	"args" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "outpost_instances_outpost_uuid_uid_pk" PRIMARY KEY("outpost_uuid","uid")
);
--> statement-breakpoint
CREATE TABLE "outpost_providers" (
	"outpost_uuid" uuid NOT NULL,
	"provider_id" integer NOT NULL,
	CONSTRAINT "outpost_providers_outpost_uuid_provider_id_pk" PRIMARY KEY("outpost_uuid","provider_id")
);
--> statement-breakpoint
CREATE TABLE "outposts" (
	"uuid" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"type" text DEFAULT 'proxy' NOT NULL,
	"service_connection" uuid,
	"config" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"managed" text,
	CONSTRAINT "outposts_name_unique" UNIQUE("name"),
	CONSTRAINT "outposts_managed_unique" UNIQUE("managed")
);
--> statement-breakpoint
CREATE TABLE "revocations" (
	"sequence" bigserial PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"user_id" integer NOT NULL,
	"user_uid" text NOT NULL,
	"username" text NOT NULL,
	"session_hash" text,
	"reason" text NOT NULL,
	"created" timestamp with time zone DEFAULT now() NOT NULL,
	"expires" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "service_connections" (
	"uuid" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"local" boolean DEFAULT false NOT NULL,
	CONSTRAINT "service_connections_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "policies_dummy" (
	"policy_uuid" uuid PRIMARY KEY NOT NULL,
	"result" boolean DEFAULT false NOT NULL,
	"wait_min" integer DEFAULT 5 NOT NULL,
	"wait_max" integer DEFAULT 30 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "policies_expression" (
	"policy_uuid" uuid PRIMARY KEY NOT NULL,
	"expression" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "policies" (
	"policy_uuid" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"execution_logging" boolean DEFAULT false NOT NULL,
	CONSTRAINT "policies_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "policy_bindings" (
	"policy_binding_uuid" uuid PRIMARY KEY NOT NULL,
	"target" uuid NOT NULL,
	"policy" uuid,
	"group_uuid" uuid,
	"user_id" integer,
	"enabled" boolean DEFAULT true NOT NULL,
	"negate" boolean DEFAULT false NOT NULL,
	"order" integer NOT NULL,
	"timeout" integer DEFAULT 30 NOT NULL,
	"failure_result" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE "policy_targets" (
	"pbm_uuid" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"policy_engine_mode" text DEFAULT 'any' NOT NULL
);
--> statement-breakpoint
CREATE TABLE "blueprint_instances" (
	"instance_uuid" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"path" text DEFAULT '' NOT NULL,
	"content" text DEFAULT '' NOT NULL,
	"context" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"managed_models" text[] DEFAULT '{}' NOT NULL,
	"status" text DEFAULT 'unknown' NOT NULL,
	"enabled" boolean DEFAULT true NOT NULL,
	"last_applied" timestamp with time zone DEFAULT now() NOT NULL,
	"last_applied_hash" text DEFAULT '' NOT NULL,
	"managed" text,
	CONSTRAINT "blueprint_instances_name_unique" UNIQUE("name"),
	CONSTRAINT "blueprint_instances_managed_unique" UNIQUE("managed")
);
--> statement-breakpoint
CREATE TABLE "events" (
	"event_uuid" uuid PRIMARY KEY NOT NULL,
	"user" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"action" text NOT NULL,
	"app" text NOT NULL,
	"context" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"client_ip" text,
	"created" timestamp with time zone DEFAULT now() NOT NULL,
	"expires" timestamp with time zone NOT NULL,
	"tenant" jsonb DEFAULT '{}'::jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "oidc_artifacts" (
	"key" text PRIMARY KEY NOT NULL,
	"model" text NOT NULL,
	"client_id" text DEFAULT '' NOT NULL,
	"payload" text NOT NULL,
	"grant_id" text,
	"uid" text,
	"user_code" text,
	"account_id" text,
	"session_hash" text,
	"consumed" timestamp with time zone,
	"expires" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "settings" (
	"key" text PRIMARY KEY NOT NULL,
	"value" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tenants" (
	"tenant_uuid" uuid PRIMARY KEY NOT NULL,
	"domain" text NOT NULL,
	"default" boolean DEFAULT false NOT NULL,
	"branding_title" text DEFAULT 'Martello' NOT NULL,
	"flow_authentication" uuid,
	"flow_invalidation" uuid,
	"web_certificate" uuid,
	"attributes" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "tenants_domain_unique" UNIQUE("domain")
);
--> statement-breakpoint
CREATE TABLE "groups" (
	"group_uuid" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"is_superuser" boolean DEFAULT false NOT NULL,
	"parent" uuid,
	"attributes" jsonb DEFAULT '{}'::jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"uuid" uuid PRIMARY KEY NOT NULL,
	"key_hash" text NOT NULL,
	"user_id" integer,
	"data" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"last_ip" text DEFAULT '' NOT NULL,
	"last_user_agent" text DEFAULT '' NOT NULL,
	"last_used" timestamp with time zone DEFAULT now() NOT NULL,
	"created" timestamp with time zone DEFAULT now() NOT NULL,
	"authenticated_at" timestamp with time zone,
	"expires" timestamp with time zone NOT NULL,
	CONSTRAINT "sessions_key_hash_unique" UNIQUE("key_hash")
);
--> statement-breakpoint
CREATE TABLE "tokens" (
	"token_uuid" uuid PRIMARY KEY NOT NULL,
	"identifier" text NOT NULL,
	"key_hash" text NOT NULL,
	"key_sealed" text NOT NULL,
	"intent" text DEFAULT 'verification' NOT NULL,
	"user_id" integer NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"expires" timestamp with time zone,
	"expiring" boolean DEFAULT true NOT NULL,
	"managed" text,
	CONSTRAINT "tokens_identifier_unique" UNIQUE("identifier"),
	CONSTRAINT "tokens_key_hash_unique" UNIQUE("key_hash"),
	CONSTRAINT "tokens_managed_unique" UNIQUE("managed")
);
--> statement-breakpoint
CREATE TABLE "user_groups" (
	"user_id" integer NOT NULL,
	"group_uuid" uuid NOT NULL,
	CONSTRAINT "user_groups_user_id_group_uuid_pk" PRIMARY KEY("user_id","group_uuid")
);
--> statement-breakpoint
CREATE TABLE "user_permissions" (
	"id" serial PRIMARY KEY NOT NULL,
	"user_id" integer NOT NULL,
	"permission" text NOT NULL,
	"object_pk" text
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" serial PRIMARY KEY NOT NULL,
	"uuid" uuid NOT NULL,
	"username" text NOT NULL,
	"name" text DEFAULT '' NOT NULL,
	"email" text DEFAULT '' NOT NULL,
	"is_active" boolean DEFAULT true NOT NULL,
	"path" text DEFAULT 'users' NOT NULL,
	"type" text DEFAULT 'internal' NOT NULL,
	"attributes" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"password" text,
	"password_change_date" timestamp with time zone DEFAULT now() NOT NULL,
	"last_login" timestamp with time zone,
	"date_joined" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "users_uuid_unique" UNIQUE("uuid"),
	CONSTRAINT "users_username_unique" UNIQUE("username")
);
--> statement-breakpoint
ALTER TABLE "applications" ADD CONSTRAINT "applications_pbm_uuid_policy_targets_pbm_uuid_fk" FOREIGN KEY ("pbm_uuid") REFERENCES "policy_targets"("pbm_uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "applications" ADD CONSTRAINT "applications_provider_providers_id_fk" FOREIGN KEY ("provider") REFERENCES "providers"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "providers_ldap" ADD CONSTRAINT "providers_ldap_id_providers_id_fk" FOREIGN KEY ("id") REFERENCES "providers"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "providers_ldap" ADD CONSTRAINT "providers_ldap_search_group_groups_group_uuid_fk" FOREIGN KEY ("search_group") REFERENCES "groups"("group_uuid") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "providers_ldap" ADD CONSTRAINT "providers_ldap_certificate_certificate_key_pairs_kp_uuid_fk" FOREIGN KEY ("certificate") REFERENCES "certificate_key_pairs"("kp_uuid") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "providers_oauth2" ADD CONSTRAINT "providers_oauth2_id_providers_id_fk" FOREIGN KEY ("id") REFERENCES "providers"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "providers_oauth2" ADD CONSTRAINT "providers_oauth2_signing_key_certificate_key_pairs_kp_uuid_fk" FOREIGN KEY ("signing_key") REFERENCES "certificate_key_pairs"("kp_uuid") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "provider_property_mappings" ADD CONSTRAINT "provider_property_mappings_provider_id_providers_id_fk" FOREIGN KEY ("provider_id") REFERENCES "providers"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "provider_property_mappings" ADD CONSTRAINT "provider_property_mappings_pm_uuid_property_mappings_pm_uuid_fk" FOREIGN KEY ("pm_uuid") REFERENCES "property_mappings"("pm_uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "providers" ADD CONSTRAINT "providers_authentication_flow_flows_flow_uuid_fk" FOREIGN KEY ("authentication_flow") REFERENCES "flows"("flow_uuid") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "providers" ADD CONSTRAINT "providers_authorization_flow_flows_flow_uuid_fk" FOREIGN KEY ("authorization_flow") REFERENCES "flows"("flow_uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "providers" ADD CONSTRAINT "providers_backchannel_application_applications_pbm_uuid_fk" FOREIGN KEY ("backchannel_application") REFERENCES "applications"("pbm_uuid") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "providers_proxy" ADD CONSTRAINT "providers_proxy_id_providers_oauth2_id_fk" FOREIGN KEY ("id") REFERENCES "providers_oauth2"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "providers_proxy" ADD CONSTRAINT "providers_proxy_certificate_certificate_key_pairs_kp_uuid_fk" FOREIGN KEY ("certificate") REFERENCES "certificate_key_pairs"("kp_uuid") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "providers_radius" ADD CONSTRAINT "providers_radius_id_providers_id_fk" FOREIGN KEY ("id") REFERENCES "providers"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "property_mappings_scope" ADD CONSTRAINT "property_mappings_scope_pm_uuid_property_mappings_pm_uuid_fk" FOREIGN KEY ("pm_uuid") REFERENCES "property_mappings"("pm_uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "flow_stage_bindings" ADD CONSTRAINT "flow_stage_bindings_fsb_uuid_policy_targets_pbm_uuid_fk" FOREIGN KEY ("fsb_uuid") REFERENCES "policy_targets"("pbm_uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "flow_stage_bindings" ADD CONSTRAINT "flow_stage_bindings_target_flows_flow_uuid_fk" FOREIGN KEY ("target") REFERENCES "flows"("flow_uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "flow_stage_bindings" ADD CONSTRAINT "flow_stage_bindings_stage_stages_stage_uuid_fk" FOREIGN KEY ("stage") REFERENCES "stages"("stage_uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "flows" ADD CONSTRAINT "flows_flow_uuid_policy_targets_pbm_uuid_fk" FOREIGN KEY ("flow_uuid") REFERENCES "policy_targets"("pbm_uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stages_identification" ADD CONSTRAINT "stages_identification_stage_uuid_stages_stage_uuid_fk" FOREIGN KEY ("stage_uuid") REFERENCES "stages"("stage_uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stages_identification" ADD CONSTRAINT "stages_identification_password_stage_stages_password_stage_uuid_fk" FOREIGN KEY ("password_stage") REFERENCES "stages_password"("stage_uuid") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stages_identification" ADD CONSTRAINT "stages_identification_enrollment_flow_flows_flow_uuid_fk" FOREIGN KEY ("enrollment_flow") REFERENCES "flows"("flow_uuid") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stages_identification" ADD CONSTRAINT "stages_identification_recovery_flow_flows_flow_uuid_fk" FOREIGN KEY ("recovery_flow") REFERENCES "flows"("flow_uuid") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stages_identification" ADD CONSTRAINT "stages_identification_passwordless_flow_flows_flow_uuid_fk" FOREIGN KEY ("passwordless_flow") REFERENCES "flows"("flow_uuid") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stages_password" ADD CONSTRAINT "stages_password_stage_uuid_stages_stage_uuid_fk" FOREIGN KEY ("stage_uuid") REFERENCES "stages"("stage_uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stages_password" ADD CONSTRAINT "stages_password_configure_flow_flows_flow_uuid_fk" FOREIGN KEY ("configure_flow") REFERENCES "flows"("flow_uuid") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stages_user_login" ADD CONSTRAINT "stages_user_login_stage_uuid_stages_stage_uuid_fk" FOREIGN KEY ("stage_uuid") REFERENCES "stages"("stage_uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stages_user_logout" ADD CONSTRAINT "stages_user_logout_stage_uuid_stages_stage_uuid_fk" FOREIGN KEY ("stage_uuid") REFERENCES "stages"("stage_uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_connections_docker" ADD CONSTRAINT "service_connections_docker_uuid_service_connections_uuid_fk" FOREIGN KEY ("uuid") REFERENCES "service_connections"("uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_connections_docker" ADD CONSTRAINT "service_connections_docker_tls_verification_certificate_key_pairs_kp_uuid_fk" FOREIGN KEY ("tls_verification") REFERENCES "certificate_key_pairs"("kp_uuid") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_connections_docker" ADD CONSTRAINT "service_connections_docker_tls_authentication_certificate_key_pairs_kp_uuid_fk" FOREIGN KEY ("tls_authentication") REFERENCES "certificate_key_pairs"("kp_uuid") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_connections_kubernetes" ADD CONSTRAINT "service_connections_kubernetes_uuid_service_connections_uuid_fk" FOREIGN KEY ("uuid") REFERENCES "service_connections"("uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "outpost_instances" ADD CONSTRAINT "outpost_instances_outpost_uuid_outposts_uuid_fk" FOREIGN KEY ("outpost_uuid") REFERENCES "outposts"("uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "outpost_providers" ADD CONSTRAINT "outpost_providers_outpost_uuid_outposts_uuid_fk" FOREIGN KEY ("outpost_uuid") REFERENCES "outposts"("uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "outpost_providers" ADD CONSTRAINT "outpost_providers_provider_id_providers_id_fk" FOREIGN KEY ("provider_id") REFERENCES "providers"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "outposts" ADD CONSTRAINT "outposts_service_connection_service_connections_uuid_fk" FOREIGN KEY ("service_connection") REFERENCES "service_connections"("uuid") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "policies_dummy" ADD CONSTRAINT "policies_dummy_policy_uuid_policies_policy_uuid_fk" FOREIGN KEY ("policy_uuid") REFERENCES "policies"("policy_uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "policies_expression" ADD CONSTRAINT "policies_expression_policy_uuid_policies_policy_uuid_fk" FOREIGN KEY ("policy_uuid") REFERENCES "policies"("policy_uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "policy_bindings" ADD CONSTRAINT "policy_bindings_target_policy_targets_pbm_uuid_fk" FOREIGN KEY ("target") REFERENCES "policy_targets"("pbm_uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "policy_bindings" ADD CONSTRAINT "policy_bindings_policy_policies_policy_uuid_fk" FOREIGN KEY ("policy") REFERENCES "policies"("policy_uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "policy_bindings" ADD CONSTRAINT "policy_bindings_group_uuid_groups_group_uuid_fk" FOREIGN KEY ("group_uuid") REFERENCES "groups"("group_uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "policy_bindings" ADD CONSTRAINT "policy_bindings_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tenants" ADD CONSTRAINT "tenants_flow_authentication_flows_flow_uuid_fk" FOREIGN KEY ("flow_authentication") REFERENCES "flows"("flow_uuid") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tenants" ADD CONSTRAINT "tenants_flow_invalidation_flows_flow_uuid_fk" FOREIGN KEY ("flow_invalidation") REFERENCES "flows"("flow_uuid") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tenants" ADD CONSTRAINT "tenants_web_certificate_certificate_key_pairs_kp_uuid_fk" FOREIGN KEY ("web_certificate") REFERENCES "certificate_key_pairs"("kp_uuid") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "groups" ADD CONSTRAINT "groups_parent_groups_group_uuid_fk" FOREIGN KEY ("parent") REFERENCES "groups"("group_uuid") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tokens" ADD CONSTRAINT "tokens_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_groups" ADD CONSTRAINT "user_groups_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_groups" ADD CONSTRAINT "user_groups_group_uuid_groups_group_uuid_fk" FOREIGN KEY ("group_uuid") REFERENCES "groups"("group_uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_permissions" ADD CONSTRAINT "user_permissions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "flow_stage_bindings_unique" ON "flow_stage_bindings" USING btree ("target","stage","order");--> statement-breakpoint
CREATE INDEX "revocations_expires" ON "revocations" USING btree ("expires");--> statement-breakpoint
CREATE INDEX "policy_bindings_target" ON "policy_bindings" USING btree ("target");--> statement-breakpoint
CREATE INDEX "events_created" ON "events" USING btree ("created");--> statement-breakpoint
CREATE INDEX "events_expires" ON "events" USING btree ("expires");--> statement-breakpoint
CREATE INDEX "oidc_artifacts_grant" ON "oidc_artifacts" USING btree ("grant_id");--> statement-breakpoint
CREATE INDEX "oidc_artifacts_uid" ON "oidc_artifacts" USING btree ("uid");--> statement-breakpoint
CREATE INDEX "oidc_artifacts_account" ON "oidc_artifacts" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "oidc_artifacts_session" ON "oidc_artifacts" USING btree ("session_hash");--> statement-breakpoint
CREATE INDEX "oidc_artifacts_expires" ON "oidc_artifacts" USING btree ("expires");--> statement-breakpoint
CREATE UNIQUE INDEX "groups_name_parent" ON "groups" USING btree ("name","parent") WHERE "groups"."parent" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "groups_name_root" ON "groups" USING btree ("name") WHERE "groups"."parent" is null;--> statement-breakpoint
CREATE INDEX "sessions_user" ON "sessions" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "sessions_expires" ON "sessions" USING btree ("expires");--> statement-breakpoint
CREATE INDEX "user_groups_group" ON "user_groups" USING btree ("group_uuid");--> statement-breakpoint
CREATE UNIQUE INDEX "user_permissions_object" ON "user_permissions" USING btree ("user_id","permission","object_pk") WHERE "user_permissions"."object_pk" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "user_permissions_global" ON "user_permissions" USING btree ("user_id","permission") WHERE "user_permissions"."object_pk" is null;