import type { LocalListen } from '#controllers/desired/local-process.ts'
import type { ConnectionKind } from '#controllers/open-targets.ts'
import { namespaceProblem } from '#schema/deployment/names.ts'
import { ConfigError } from '#schema/kernel/errors.ts'
import type { LogLevel } from '#schema/kernel/logger.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { SettingsReader, type SettingsSource } from '#schema/kernel/settings.ts'
import { readConnectionKinds } from './connection-kinds.ts'
import { readLocalListen } from './start-config.ts'

const LEASE = /^[a-z0-9-]{1,63}\/[a-z0-9.-]{1,253}$/

/** What a controller on its own, and the commands that act as one, have to know. */
export interface ControllerConfig {
  /** Base URL of the core, its path included. */
  readonly host: URL
  readonly token: Secret
  readonly logLevel: LogLevel
  /** The kinds of service connections that it serves. */
  readonly kinds: readonly ConnectionKind[]
  /** `namespace/name` of the Lease by which controllers in one cluster take turns; empty without. */
  readonly lease: string
  readonly listen: LocalListen
  /** Undefined unless custom resources are a way into the core. */
  readonly customResources: CustomResourcesConfig | undefined
}

/** Whoever may write custom resources there acts in the core with this token. */
export interface CustomResourcesConfig {
  /** Undefined for all of the cluster. */
  readonly namespaces: readonly string[] | undefined
  /** The name of the Kubernetes service connection; empty for the cluster that the controller runs in. */
  readonly connection: string
  readonly token: Secret
}

/** The configuration of a controller; a ConfigError names every problem at once. */
export function readControllerConfig(source: SettingsSource): ControllerConfig {
  const settings = new SettingsReader(source)
  const token = new Secret(settings.text('token'))
  const host = settings.url('host')
  if (!settings.has('host') || settings.optional('host') === '')
    settings.problem('MARTELLO_HOST is required: the URL of the core')
  const kinds = readConnectionKinds(settings)
  const lease = settings.text('controller.lease', '')
  if (lease !== '' && !LEASE.test(lease))
    settings.problem('MARTELLO_CONTROLLER__LEASE is not of the form namespace/name')
  const customResources = readCustomResources(settings)
  const rest = { customResources, logLevel: settings.logLevel(), listen: readLocalListen(settings) }
  settings.finish()
  if (host === undefined) throw new ConfigError(['MARTELLO_HOST is required'])
  return { host, token, lease, kinds, ...rest }
}

function readCustomResources(settings: SettingsReader): CustomResourcesConfig | undefined {
  const namespaces = settings.list('controller.custom_resources', [])
  const connection = settings.text('controller.custom_resources_connection', '')
  const token = settings.text('controller.custom_resources_token', '')
  if (namespaces.length === 0) return undefined
  for (const namespace of namespaces)
    if (namespace !== '*' && namespaceProblem(namespace) !== undefined)
      settings.problem(`MARTELLO_CONTROLLER__CUSTOM_RESOURCES: "${namespace}" is no namespace; * is all of them`)
  if (token === '')
    settings.problem(
      'MARTELLO_CONTROLLER__CUSTOM_RESOURCES_TOKEN is required: what custom resources may do in the core',
    )
  return { namespaces: namespaces.includes('*') ? undefined : namespaces, connection, token: new Secret(token) }
}
