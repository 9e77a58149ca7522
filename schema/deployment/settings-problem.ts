import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { CONTAINER_PORTS, OWNER_LABEL, SPEC_LABEL } from './docker/desired-container.ts'
import { imageProblem } from './image.ts'
import { namespaceProblem, namingProblem } from './names.ts'
import { componentProblem } from './patch/component-problem.ts'
import { type DeploymentSettings, deploymentSettingsProblem, readDeploymentSettings } from './settings.ts'

const SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/
const QUALIFIED = /^(?:([a-z0-9.-]{1,253})\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const DOCKER_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/
const DOCKER_KEY = /^[A-Za-z0-9](?:[^\s=\p{C}]{0,254})$/u
const CONTROL = /\p{Cc}/u
const SHOWN = 64
const MAX_IMAGE = 512

/** Of a Service that leads to an outpost; `ExternalName` leads elsewhere. */
const SERVICE_TYPES = ['ClusterIP', 'NodePort', 'LoadBalancer']
const PATH_TYPES = ['Prefix', 'Exact', 'ImplementationSpecific']
const PARENT_KEYS = ['name', 'namespace', 'sectionName', 'port', 'kind', 'group']
const PORTS = Object.values(CONTAINER_PORTS).flatMap((ports) => Object.keys(ports))

type Check<T> = (value: T) => string | undefined
/** By known fields: what else a config holds is not looked at. */
type Checks = {
  readonly [K in keyof DeploymentSettings as string extends K ? never : K]?: Check<DeploymentSettings[K]>
}

const matches =
  (pattern: RegExp, what: string): Check<string> =>
  (value) =>
    pattern.test(value) ? undefined : `${shown(value)} is not ${what}`
const oneOf =
  (values: readonly string[]): Check<string> =>
  (value) =>
    values.includes(value) ? undefined : `${shown(value)} is not one of ${values.join(', ')}`
const unlessEmpty =
  (check: Check<string>): Check<string | null> =>
  (value) =>
    value === null || value === '' ? undefined : check(value)
const each =
  (check: Check<string>): Check<readonly string[]> =>
  (values) =>
    values.map(check).find((problem) => problem !== undefined)

/** What was sent may be long: no more of it is repeated than a person needs. */
const shown = (value: string): string => JSON.stringify(value.slice(0, SHOWN))

const network = matches(DOCKER_NAME, 'the name of a network')
const subdomain = matches(SUBDOMAIN, 'a name of lower-case letters, digits, dashes and dots')
const annotations: Check<Readonly<Record<string, string>>> = (map) =>
  each(matches(QUALIFIED, 'the key of an annotation'))(Object.keys(map))

const CHECKS: Checks = {
  object_naming_template: namingProblem,
  container_image: unlessEmpty((image) => (image.length > MAX_IMAGE ? 'it is too long' : imageProblem(image))),
  docker_network: unlessEmpty(network),
  docker_networks: each(network),
  docker_port_bindings: portBindingsProblem,
  docker_labels: (labels) => (labels === null ? undefined : dockerLabelsProblem(labels)),
  kubernetes_namespace: namespaceProblem,
  kubernetes_ingress_annotations: annotations,
  kubernetes_ingress_secret_name: unlessEmpty(subdomain),
  kubernetes_ingress_class_name: unlessEmpty(subdomain),
  kubernetes_ingress_path_type: unlessEmpty(oneOf(PATH_TYPES)),
  kubernetes_httproute_annotations: annotations,
  kubernetes_httproute_parent_refs: parentRefsProblem,
  kubernetes_service_type: oneOf(SERVICE_TYPES),
  kubernetes_disabled_components: each(componentProblem),
  kubernetes_image_pull_secrets: each(subdomain),
}

/** The first thing that no cluster or daemon would take, or nobody would understand, in a config; for who wrote it. */
export function settingsProblem(config: JsonObject): string | undefined {
  const settings = readDeploymentSettings(config)
  if (settings === undefined) return deploymentSettingsProblem(config)
  for (const [name, check] of Object.entries(CHECKS)) {
    const problem = (check as Check<unknown>)(settings[name])
    if (problem !== undefined) return `wrong value for field "${name}": ${problem}`
  }
  return undefined
}

function dockerLabelsProblem(labels: Readonly<Record<string, string>>): string | undefined {
  for (const [key, value] of Object.entries(labels)) {
    if (!DOCKER_KEY.test(key)) return `${shown(key)} is not the key of a label`
    if (key === OWNER_LABEL || key === SPEC_LABEL) return `"${key}" is set by the controller`
    if (CONTROL.test(value)) return `the label ${shown(key)} holds a control character`
  }
  return undefined
}

function portBindingsProblem(bindings: Readonly<Record<string, string>>): string | undefined {
  for (const [inside, outside] of Object.entries(bindings)) {
    if (!PORTS.includes(inside)) return oneOf(PORTS)(inside)
    if (outside !== '' && !isPort(outside.slice(outside.lastIndexOf(':') + 1))) return `${shown(outside)} has no port`
  }
  return undefined
}

const isPort = (port: unknown): boolean => /^\d{1,5}$/.test(String(port)) && Number(port) > 0 && Number(port) <= 65_535

function parentRefsProblem(refs: DeploymentSettings['kubernetes_httproute_parent_refs']): string | undefined {
  for (const [index, ref] of refs.entries()) {
    const strange = Object.keys(ref).find((key) => !PARENT_KEYS.includes(key))
    if (strange !== undefined) return `${index}: ${shown(strange)} is not one of ${PARENT_KEYS.join(', ')}`
    if (typeof ref['name'] !== 'string' || ref['name'] === '') return `${index}: name is missing`
    if (ref['port'] !== undefined && !isPort(ref['port'])) return `${index}: port is not one`
  }
  return undefined
}
