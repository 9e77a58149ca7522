import { z } from 'zod'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { parseDuration } from '#schema/kernel/duration.ts'

const texts = z.record(z.string(), z.string())
const patches = z.record(z.string(), z.array(z.record(z.string(), z.unknown())))

/** What an outpost's `config` may hold (sheet outpost-protocol §4.2); other keys are kept and ignored. */
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
  kubernetes_replicas: z.int().default(1),
  kubernetes_namespace: z.string().default('default'),
  kubernetes_ingress_annotations: texts.default({}),
  kubernetes_ingress_secret_name: z.string().default('authentik-outpost-tls'),
  kubernetes_ingress_class_name: z.string().nullable().default(null),
  kubernetes_service_type: z.string().default('ClusterIP'),
  kubernetes_disabled_components: z.array(z.string()).default([]),
  kubernetes_image_pull_secrets: z.array(z.string()).default([]),
  kubernetes_json_patches: patches.nullable().default(null),
})

export const outpostConfigDefaults: JsonObject = shape.parse({})

/** The first thing that is wrong with a config, for the person who wrote it. */
export function outpostConfigProblem(config: JsonObject): string | undefined {
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

function isDuration(text: string): boolean {
  try {
    return parseDuration(text) > 0
  } catch {
    return false
  }
}
