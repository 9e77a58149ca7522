import { isDeepStrictEqual } from 'node:util'
import type { ServedKind } from '#controllers/kubernetes/discovery.ts'
import { type CustomKind, GROUP } from '#schema/custom-resources/kinds.ts'
import { type Lookup, type SecretKey, type Wanted, wantedOf } from '#schema/custom-resources/wanted.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import { type AccessWrite, decideAccess, isSettled } from './access.ts'
import type { ClusterResources, SecretValue } from './cluster-resources.ts'
import {
  type CoreObjects,
  keyOf,
  NOTHING_REMEMBERED,
  type Owner,
  type Ownership,
  type Remembered,
} from './core-objects.ts'
import { adopts, type CustomObject, overwrites, ownerOf, retains } from './custom-object.ts'
import { appliedAfter, decideWrite } from './decide-write.ts'
import { isFalse, isTrue, type Outcome, refusalOf, refused } from './outcome.ts'

export interface Subject {
  readonly custom: CustomKind
  readonly kind: ServedKind
  readonly object: CustomObject
  readonly lookup: Lookup
}

export interface ReconcileSurroundings {
  readonly core: CoreObjects
  readonly cluster: ClusterResources
}

/**
 * Brings the core to what one custom resource says, and says how far that is; undefined when there is nothing to say: the
 * custom resource may go, or somebody has read a later one.
 * What is there without being its own is never touched. Rejects when another try may help.
 */
export async function reconcileResource(
  subject: Subject,
  { core, cluster }: ReconcileSurroundings,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { custom, kind, object, lookup } = subject
  const { name, namespace, deletionTimestamp } = object.metadata
  try {
    if (deletionTimestamp !== undefined) {
      await letGo(subject, core)
      await cluster.removeFinalizer(kind, object, signal)
      return undefined
    }
    const wanted = wantedOf(custom, { name, namespace, spec: object.spec }, lookup)
    if ('forbidden' in wanted) return refused('Forbidden', `${wanted.forbidden}.`)
    if ('missing' in wanted) return refused('ReferenceNotFound', `${wanted.missing.join('; ')}.`)
    const secrets = await readSecrets(wanted.secrets, (key) => cluster.secret(namespace, key, signal))
    if ('missing' in secrets) return refused('ReferenceNotFound', secrets.missing)
    const ownership = await core.findOwnership(ownerOf(object))
    if (ownership !== undefined && object.metadata.generation < ownership.applied.generation) return undefined
    // Another controller may have let it go since it was read.
    await cluster.addFinalizer(kind, object, { confirms: ownership === undefined }, signal)
    return await new ResourceWork(subject, core, wanted, secrets.found).bring(ownership)
  } catch (error) {
    const refusal = refusalOf(custom, error)
    if (refusal === undefined) throw error
    return refusal
  }
}

async function letGo({ custom, object }: Subject, core: CoreObjects): Promise<void> {
  const ownership = await core.findOwnership(ownerOf(object))
  if (ownership === undefined) return
  const live = await core.owned(custom, ownership)
  if (live !== undefined && !retains(object)) await core.remove(custom.resource, keyOf(custom.resource, live))
  await core.forget(ownership)
}

type Secrets = ReadonlyMap<string, SecretValue>

async function readSecrets(
  wanted: readonly SecretKey[],
  read: (key: SecretKey) => Promise<SecretValue | undefined>,
): Promise<{ found: Secrets } | { missing: string }> {
  const found = new Map<string, SecretValue>()
  for (const each of wanted) {
    const secret = await read(each)
    if (secret === undefined) return { missing: `The Secret "${each.name}" with the key "${each.key}" is not there.` }
    found.set(each.field, secret)
  }
  return { found }
}

/** One custom resource whose references are all there. */
class ResourceWork {
  readonly #subject: Subject
  readonly #core: CoreObjects
  readonly #wanted: Wanted
  readonly #secrets: Secrets

  constructor(subject: Subject, core: CoreObjects, wanted: Wanted, secrets: Secrets) {
    this.#subject = subject
    this.#core = core
    this.#wanted = wanted
    this.#secrets = secrets
  }

  async bring(ownership: Ownership | undefined): Promise<Outcome> {
    const { object } = this.#subject
    if (ownership === undefined) return this.#begin()
    const live = await this.#core.owned(this.#subject.custom, ownership)
    if (live !== undefined) return this.#update(ownership, live)
    if (object.metadata.generation === ownership.applied.generation && !overwrites(object))
      return refused('Missing', `It was deleted in the core. ${hint('make it again')}`)
    await this.#core.forget(ownership)
    return this.#begin()
  }

  /** Makes the object, or takes over one that was to be adopted. */
  async #begin(): Promise<Outcome> {
    const { custom, object } = this.#subject
    const [identity = ''] = custom.named
    const there = await this.#core.identified(custom, this.#wanted.values[identity])
    if (there === undefined) return this.#create()
    const name = `${identity} "${String(there[identity])}"`
    const keeper = this.#core.keeperOf(custom, keyOf(custom.resource, there))
    if (keeper !== undefined && keeper.source !== sourceOf(this.#subject))
      return refused('Conflict', `In the core, ${name} is kept by ${keeper.source}.`)
    if (!adopts(object))
      return refused(
        'Conflict',
        `In the core, ${name} is there already. The annotation ${GROUP}/adopt=true takes it over.`,
      )
    if (keeper !== undefined) await this.#core.forget(keeper)
    return this.#update(await this.#core.own(custom, there, this.#owner()), there)
  }

  /** What lets people in comes last: without its provider an application opens nothing. */
  async #create(): Promise<Outcome> {
    const { custom } = this.#subject
    const { provider: _provider, ...first } = this.#wanted.values
    const values = custom.hasAccess ? first : this.#wanted.values
    const by = this.#owner()
    const live = await this.#core.create(custom, { ...values, ...this.#secretValues(NOTHING_REMEMBERED) }, by)
    const ownership = await this.#core.findOwnership(by.owner)
    if (ownership === undefined) throw new CoreUnreachableError('an object was made without its ownership')
    const applied = { ...NOTHING_REMEMBERED, ...appliedAfter(values, NOTHING_REMEMBERED, live, []) }
    return this.#update({ ...ownership, applied: { ...applied, secrets: this.#versions() } }, live)
  }

  async #update(ownership: Ownership, before: JsonObject): Promise<Outcome> {
    const { custom, object } = this.#subject
    const { applied } = ownership
    const how = { overwrites: overwrites(object) }
    const access = await this.#access(applied, before)
    const bindings: Record<string, string> = { ...applied.bindings, ...Object.fromEntries(access.take) }
    for (const [index, group] of access.bind.entries()) {
      const binding = { group, order: index, replaced: applied.bindings[group] }
      bindings[group] = await this.#core.bind(before, binding, this.#owner())
      await this.#core.remember(custom, ownership, before, { ...applied, bindings })
    }
    const { values, drifted } = decideWrite(this.#wanted.values, applied, before, how)
    const changes = { ...values, ...this.#secretValues(applied) }
    const live = Object.keys(changes).length === 0 ? before : await this.#core.update(custom, before, changes)
    for (const [group, binding] of access.unbind) {
      await this.#core.unbind(group, binding, ownership.owner)
      if (bindings[group] === binding) delete bindings[group]
    }
    const after: Remembered = {
      ...appliedAfter(this.#wanted.values, applied, live, drifted),
      generation: object.metadata.generation,
      secrets: this.#versions(),
      pk: String(live['pk']),
      bindings,
    }
    const known = this.#core.ownershipOf(ownership.owner)?.applied
    if (!isDeepStrictEqual(after, known)) await this.#core.remember(custom, ownership, live, after)
    return this.#outcome(live, access.drifted ? [...drifted, 'access'] : drifted)
  }

  /** What seems to be out of order is looked at once more, by itself. */
  async #access({ bindings }: Remembered, live: JsonObject): Promise<AccessWrite> {
    const how = { overwrites: overwrites(this.#subject.object) }
    const decided = (there: readonly JsonObject[]) => decideAccess(this.#wanted.groups, bindings, there, how)
    const access = decided(this.#core.bindingsOf(live))
    return isSettled(access) ? access : decided(await this.#core.findBindings(live))
  }

  #outcome(live: JsonObject, drifted: readonly string[]): Outcome {
    const { custom } = this.#subject
    const synced =
      drifted.length === 0
        ? isTrue('Synced', 'The core is as the spec says.')
        : isFalse('Drifted', `Changed in the core, and left so: ${drifted.join(', ')}. ${hint('undo that')}`)
    return { ready: isTrue('Applied', 'The object is in the core.'), synced, object: keyOf(custom.resource, live) }
  }

  #owner(): Owner {
    return { owner: ownerOf(this.#subject.object), source: sourceOf(this.#subject) }
  }

  #secretValues({ secrets }: Remembered): JsonObject {
    const changed = [...this.#secrets].filter(([field, { version }]) => secrets[field] !== version)
    return Object.fromEntries(changed.map(([field, { value }]) => [field, value]))
  }

  #versions(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#secrets].map(([field, { version }]) => [field, version]))
  }
}

const sourceOf = ({ custom, object: { metadata } }: Subject) =>
  `${custom.kind} ${metadata.namespace}/${metadata.name} of ${GROUP}`

const hint = (purpose: string) =>
  `The annotation ${GROUP}/on-drift=overwrite, or another change of the spec, is there to ${purpose}.`
