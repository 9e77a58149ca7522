import { z } from 'zod'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { isDuration, parseDuration } from '#schema/kernel/duration.ts'

const texts = z.record(z.string(), z.string())
const patches = z.record(z.string(), z.array(z.record(z.string(), z.unknown())))

/** What an outpost's `config` may hold (sheets outpost-protocol §4.2, controllers §0); other keys are kept and ignored. */
const shape = z.looseObject({
  authentik_host: z.string().default(''),
  authentik_host_insecure: z.boolean().default(false),
  authentik_host_browser: z.string().default(''),
  log_level: z.string().default('info'),
  refresh_interval: z.string().refine(isDuration, 'should be a duration such as minutes=5').default('minutes=5'),
  object_naming_template: z.string().default('ak-outpost-%(name)s'),
  container_image: z.string().nullable().default(null),
  docker_network: z.string().nullable().default(null),
  docker_map_ports: z.boolean().default(true),
  docker_labels: texts.nullable().default(null),
  /** Networks beside `docker_network`. */
  docker_networks: z.array(z.string()).default([]),
  /** Where ports are reached on the host, by the port inside: `"9000/tcp": "127.0.0.1:9080"`, empty for nowhere. */
  docker_port_bindings: z
    .record(z.string(), z.string().regex(/^(?:(?:[0-9.]+|\[[0-9a-fA-F:]+\]):)?\d{1,5}$|^$/, 'should be [address:]port'))
    .default({}),
  docker_memory_mib: z.int().min(32).nullable().default(512),
  docker_cpus: z.number().positive().nullable().default(null),
  /** Null leaves the number to somebody else, such as an autoscaler. */
  kubernetes_replicas: z.int().min(0).max(1000).nullable().default(1),
  /** With it an autoscaler of ours takes the number from `kubernetes_replicas` up to this. */
  kubernetes_replicas_max: z.int().min(1).max(1000).nullable().default(null),
  kubernetes_namespace: z.string().default('default'),
  kubernetes_ingress_annotations: texts.default({}),
  kubernetes_ingress_secret_name: z.string().default('authentik-outpost-tls'),
  kubernetes_ingress_class_name: z.string().nullable().default(null),
  kubernetes_ingress_path_type: z.string().nullable().default(null),
  kubernetes_httproute_annotations: texts.default({}),
  kubernetes_httproute_parent_refs: z.array(z.record(z.string(), z.union([z.string(), z.int()]))).default([]),
  /** Whether only the outpost's own ports can be reached, as far as the cluster enforces that. */
  kubernetes_network_policy: z.boolean().default(false),
  kubernetes_service_type: z.string().default('ClusterIP'),
  kubernetes_disabled_components: z.array(z.string()).default([]),
  kubernetes_image_pull_secrets: z.array(z.string()).default([]),
  kubernetes_json_patches: patches.nullable().default(null),
})

export type DeploymentSettings = z.infer<typeof shape>

export const deploymentDefaults: DeploymentSettings = shape.parse({})

/** A stored config with its defaults; what cannot be understood is undefined. */
export function readDeploymentSettings(config: unknown): DeploymentSettings | undefined {
  return shape.safeParse(config).data
}

/** The first thing that is wrong with a config, for the person who wrote it. */
export function deploymentSettingsProblem(config: JsonObject): string | undefined {
  const result = shape.safeParse(config)
  if (result.success) return undefined
  const [issue] = result.error.issues
  return `wrong value for field "${issue!.path.join('.')}": ${issue!.message}`
}

/** How often an outpost asks for its configuration, in seconds. */
export function refreshSeconds(config: JsonObject): number {
  const { refresh_interval: interval } = config
  return typeof interval === 'string' && isDuration(interval) ? Math.round(parseDuration(interval) / 1000) : 300
}
