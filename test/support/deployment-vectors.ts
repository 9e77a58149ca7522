import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import type { DeployableOutpost, DeployableProvider, DeploymentContext } from '#schema/deployment/outpost.ts'
import { deploymentDefaults, readDeploymentSettings } from '#schema/deployment/settings.ts'

const FOLDER = join(import.meta.dirname, '..', 'vectors', 'deployment')
const read = (name: string, of: 'kubernetes' | 'docker' = 'kubernetes') => readFileSync(join(FOLDER, of, name), 'utf8')

/** The lines of a recording from Kubernetes. */
export function recordedLines<T>(name: string): readonly T[] {
  return read(name)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

interface RecordedCase {
  readonly name: string
  readonly uuid: string
  readonly type: DeployableOutpost['type']
  readonly config: object
  readonly providers: readonly { name: string; type: string; external_host: string; mode: 'proxy' }[]
}

/** What the reference makes for one component. */
export interface RecordedObject {
  readonly reconciler: string
  /** The reference does nothing with it. */
  readonly noop: boolean
  readonly object: Record<string, any>
}

/** Where the reference ran. */
export const RECORDED_CONTEXT: DeploymentContext = {
  version: '2023.8.3',
  imageTemplate: 'registry.upstream.example/goauthentik/%(type)s:%(version)s',
}
export const RECORDED_SECRETS = { token: 'outpost-token-key-0123456789' }
export const RECORDED_CASES = [
  'proxy-default',
  'proxy-rich',
  'proxy-empty',
  'proxy-http-only',
  'ldap-default',
  'ldap-rich',
  'radius-default',
  'radius-rich',
] as const
export type RecordedName = (typeof RECORDED_CASES)[number]

/** The outpost of a case. */
export function recordedOutpost(name: RecordedName): DeployableOutpost {
  const recorded = (JSON.parse(read('cases.json')) as Record<string, RecordedCase>)[name]!
  return {
    pk: recorded.uuid,
    name: recorded.name,
    type: recorded.type,
    settings: readDeploymentSettings(recorded.config)!,
    providers: recorded.providers.map(({ name, type, external_host, mode }) => ({
      name,
      ...(type === 'ProxyProvider'
        ? { proxy: { mode, externalHost: new URL(external_host), additionalHeaders: [] } }
        : {}),
    })),
  }
}

export function recordedObjects(name: RecordedName): readonly RecordedObject[] {
  return parseAllDocuments(read(`${name}.reference.yaml`)).map((document) => document.toJS() as RecordedObject)
}

/** What the reference asks Docker to create, and under which name. */
export function recordedContainer(name: RecordedName): { readonly name: string; readonly body: Record<string, any> } {
  const { path, body } = JSON.parse(read(`${name}.create.json`, 'docker')).request
  return { name: new URL(path, 'http://docker').searchParams.get('name')!, body }
}

/** The Compose file that the reference prints. */
export function recordedCompose(name: RecordedName): Record<string, any> {
  return parse(read(`${name}.compose.yaml`, 'docker'))
}

/** Patches that the reference was given, one at a time, and the component of each. */
export function recordedPatches(): ReadonlyArray<{ reconciler: string; patch: readonly Record<string, unknown>[] }> {
  return recordedLines('patches.jsonl')
}

/** A proxy outpost with a host in every mode. */
export function exampleOutpost(more: Partial<DeployableOutpost['settings']> = {}): DeployableOutpost {
  return {
    pk: '11111111-2222-3333-4444-00000000000a',
    name: 'obj Patches',
    type: 'proxy',
    settings: { ...deploymentDefaults, authentik_host: 'https://authentik.example.com/', ...more },
    providers: [
      exampleProvider('a', 'proxy', 'https://app.example.com'),
      exampleProvider('b', 'forward_single', 'https://whoami.example.com:8443'),
    ],
  }
}

export function exampleProvider(
  name: string,
  mode: NonNullable<DeployableProvider['proxy']>['mode'],
  address: string,
  additionalHeaders: readonly string[] = [],
): DeployableProvider {
  return { name, proxy: { mode, externalHost: new URL(address), additionalHeaders } }
}
