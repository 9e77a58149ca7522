/*
 * Names of what is made for an outpost. Where the reference's name is legal it is kept, so that what the reference made is
 * adopted; where characters were lost that kept outposts apart, a hash of the outpost's UUID follows.
 */
import { sha256 } from '#schema/kernel/sha256.ts'
import type { DeployableOutpost } from './outpost.ts'
import { deploymentDefaults } from './settings.ts'
import { type Filled, fillTemplate } from './template.ts'

type Named = Pick<DeployableOutpost, 'pk' | 'name' | 'type'> & {
  readonly settings: Pick<DeployableOutpost['settings'], 'object_naming_template'>
}

const MAX_LABEL = 63
const MAX_DOCKER_NAME = 128
const HASH_DIGITS = 8
/** RFC 1035: Services of older clusters must begin with a letter, and all objects of an outpost share one name. */
const KUBERNETES_NAME = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/
const DOCKER_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/
/** What follows the name of an outpost in the name of its metrics Service. */
const METRICS = '-metrics'
/** What the name of a container that makes room for another one ends with. */
export const PREVIOUS = '-previous'
/** What the name of a container ends with until the one before it has made room. */
export const NEXT = '-next'

/** RFC 1123 §2.1: a label. */
const NAMESPACE = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/
const SHOWN = 64

/** What is wrong with the name of a namespace on Kubernetes, for the person who wrote it. */
export function namespaceProblem(text: string): string | undefined {
  if (NAMESPACE.test(text)) return undefined
  return `${JSON.stringify(text.slice(0, SHOWN))} is not a namespace: 1 to 63 lower-case letters, digits and dashes`
}

/** UUID without dashes, as in labels. */
export function uuidHex(pk: string): string {
  return pk.replaceAll('-', '').toLowerCase()
}

/** compat: NFKD, ASCII, lower case, words joined by single dashes; may be empty. */
export function slug(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/[^\x00-\x7f]/g, '')
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replace(/[-\s]+/g, '-')
    .replace(/^[-_]+|[-_]+$/g, '')
}

/** Name of the outpost's objects on Kubernetes: legal for every kind, at most 63 characters. */
export function objectName(outpost: Named): string {
  const { text, isWhole } = templated(outpost)
  const isKept = isWhole && text.length <= MAX_LABEL && KUBERNETES_NAME.test(text) && !text.endsWith(METRICS)
  if (isKept) return text
  const legal = text.replace(/[^a-z0-9]+/g, '-').replace(/^[-0-9]+/, '')
  return withHash(legal || 'outpost', outpost.pk, MAX_LABEL)
}

/** Name of the Service for metrics; no outpost's `objectName` ends like this. */
export function metricsName(outpost: Named): string {
  const name = objectName(outpost)
  const fits = name.length + METRICS.length <= MAX_LABEL
  return (fits ? name : withHash(name, outpost.pk, MAX_LABEL - METRICS.length)) + METRICS
}

/** Name of one of several objects of a kind, told apart by `key`, such as a hostname. */
export function nameOfPart(outpost: Named, key: string): string {
  return withHash(objectName(outpost), key, MAX_LABEL)
}

/** Name of the outpost's container on Docker; no outpost's ends like those of containers that are being replaced. */
export function containerName(outpost: Named): string {
  const { text, isWhole } = templated(outpost)
  const isReserved = text.endsWith(PREVIOUS) || text.endsWith(NEXT)
  if (isWhole && text.length <= MAX_DOCKER_NAME && DOCKER_NAME.test(text) && !isReserved) return text
  const legal = text.replace(/[^a-z0-9_.]+/g, '-').replace(/^[-_.]+/, '')
  return withHash(legal || 'outpost', outpost.pk, MAX_DOCKER_NAME)
}

/** The outpost's name as the value of a label. */
export function nameLabel(outpost: Pick<Named, 'pk' | 'name'>): string {
  const value = slug(outpost.name)
  return value !== '' && value.length <= MAX_LABEL ? value : withHash(value || 'outpost', outpost.pk, MAX_LABEL)
}

/** A text of ours, such as a version, as the value of a label. */
export function labelValue(text: string): string {
  const cut = text
    .replace(/[^A-Za-z0-9_.-]/g, '-')
    .slice(0, MAX_LABEL)
    .replace(/^[-_.]+|[-_.]+$/g, '')
  return LABEL_VALUE.test(text) && text.length <= MAX_LABEL ? text : cut
}

/** What is wrong with `object_naming_template`, for the person who wrote it. */
export function namingProblem(template: string): string | undefined {
  const filled = fill({ pk: '', name: '', type: 'proxy', settings: { object_naming_template: template } })
  return filled.kind === 'problem' ? filled.problem : undefined
}

/** compat: lower case. Not whole when the outpost's name left nothing, or the template cannot be filled. */
function templated(outpost: Named): { text: string; isWhole: boolean } {
  const { object_naming_template: template } = outpost.settings
  const filled = fill(outpost)
  if (filled.kind === 'problem') {
    const usual = fill({ ...outpost, settings: deploymentDefaults })
    return { text: usual.kind === 'filled' ? usual.text : '', isWhole: false }
  }
  const isNameless = template.includes('%(name)s') && slug(outpost.name) === ''
  return { text: filled.text.toLowerCase(), isWhole: !isNameless }
}

function fill({ pk, name, type, settings }: Named): Filled {
  return fillTemplate(settings.object_naming_template, { name: slug(name), uuid: uuidHex(pk), type })
}

/** Cut to leave room for a dash and the hash of `key`. */
function withHash(text: string, key: string, max: number): string {
  const cut = text.slice(0, max - HASH_DIGITS - 1).replace(/[-_.]+$/, '')
  return `${cut}-${sha256(key).slice(0, HASH_DIGITS)}`
}
