import { z } from 'zod'
import { ownershipResource } from '#schema/api/ownerships.ts'
import { policyBindingResource } from '#schema/api/policies.ts'
import type { Resource } from '#schema/api/resource.ts'
import { PagedList } from '#schema/client/pages.ts'
import type { CoreClient, CoreRequest } from '#schema/client/request.ts'
import { ALL_NAMED, CUSTOM_KINDS, type CustomKind, type NamedObjects } from '#schema/custom-resources/kinds.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { CoreRefusedError, CoreUnreachableError } from '#schema/kernel/errors.ts'

const remembered = z.object({
  said: z.record(z.string(), z.unknown()).default({}),
  kept: z.record(z.string(), z.unknown()).default({}),
  /** Of the custom resource, when it was written last. */
  generation: z.number().default(0),
  /** Which version of which Secret a field was written from. */
  secrets: z.record(z.string(), z.string()).default({}),
  /** Of the object, which no other ever has. */
  pk: z.string().default(''),
  /** Of the groups that may use it: the policy binding of each. */
  bindings: z.record(z.string(), z.string()).default({}),
})
/** What a custom resource wrote last. */
export type Remembered = z.infer<typeof remembered>
export const NOTHING_REMEMBERED: Remembered = remembered.parse({})

const ownership = z.object({
  pk: z.string(),
  object: z.string(),
  owner: z.string(),
  source: z.string(),
  applied: remembered,
})
export type Ownership = z.infer<typeof ownership>
export type Owner = Pick<Ownership, 'owner' | 'source'>

const onePage = z.object({ results: z.array(z.looseObject({})) })
/** The most that the core puts on a page. */
const WHOLE = 1_000

const pathOf = ({ path }: Resource, key?: string) => `/${path}${key === undefined ? '' : `${encodeURIComponent(key)}/`}`
export const keyOf = ({ key }: Resource, object: JsonObject): string => String(object[key.field])
const keyIn = (name: string) => name.slice(name.indexOf('/') + 1)
/** A key that people see may be that of another object by now. */
const sameAs = ({ pk }: Remembered, live: JsonObject | undefined) =>
  pk === '' || String(live?.['pk']) === pk ? live : undefined
const bindingName = (key: string | undefined) => `${policyBindingResource.model}/${key}`
const accessOwner = (owner: string, group: string) => `${owner}/access/${group}`
const nameOf = (custom: CustomKind, key: string) => `${custom.resource.model}/${key}`

export interface NewBinding {
  readonly group: string
  readonly order: number
  /** One of ours that makes way for it. */
  readonly replaced: string | undefined
}

/**
 * The objects of the core that custom resources make or refer to: read as a whole before each round, with what has not
 * changed not transferred again; what is written meanwhile is seen at once.
 */
export class CoreObjects {
  readonly #core: CoreClient
  readonly #lists = new Map<string, PagedList>()
  readonly #named = new Map<string, ReadonlyMap<string, unknown>>()
  readonly #live = new Map<string, JsonObject>()
  readonly #identities = new Map<string, JsonObject>()
  #ownerships = new Map<string, Ownership>()
  #bindings: readonly JsonObject[] = []

  constructor(core: CoreClient) {
    this.#core = core
  }

  /** Rejects when the core cannot be read. */
  async refresh(): Promise<void> {
    for (const { path, by } of ALL_NAMED)
      this.#named.set(path, new Map((await this.#read(path)).map((each) => [String(each[by]), each['pk']])))
    this.#live.clear()
    this.#identities.clear()
    for (const custom of CUSTOM_KINDS)
      for (const each of await this.#read(pathOf(custom.resource))) this.#see(custom, each)
    const owned = (await this.#read(pathOf(ownershipResource))).flatMap((each) => ownership.safeParse(each).data ?? [])
    this.#ownerships = new Map(owned.map((each) => [each.owner, each]))
    this.#bindings = await this.#read(pathOf(policyBindingResource))
  }

  named({ path }: NamedObjects, name: string): unknown {
    return this.#named.get(path)?.get(name)
  }

  ownershipOf(owner: string): Ownership | undefined {
    return this.#ownerships.get(owner)
  }

  /** Undefined only when there is none: a list that changes while its pages are read may not show one. */
  async findOwnership(owner: string): Promise<Ownership | undefined> {
    const known = this.#ownerships.get(owner)
    if (known !== undefined) return known
    return this.#askOwnership(owner)
  }

  /** Who keeps an object. */
  keeperOf(custom: CustomKind, key: string): Ownership | undefined {
    return this.#ownerships.values().find(({ object }) => object === nameOf(custom, key))
  }

  /** What an ownership is of, as far as lists show it. */
  listed({ object, applied }: Ownership): JsonObject | undefined {
    return sameAs(applied, this.#live.get(object))
  }

  /** What an ownership is of; undefined when it is gone. Of applications, lists show those that one may use oneself. */
  async owned(custom: CustomKind, ownership: Ownership): Promise<JsonObject | undefined> {
    const listed = this.listed(ownership)
    if (listed !== undefined) return listed
    // It may have moved to another key since the lists were read.
    const now = await this.#askOwnership(ownership.owner)
    if (now === undefined) return undefined
    return sameAs(now.applied, await this.#find(custom, keyIn(now.object)))
  }

  /** The object that has a name which there is only once. */
  async identified(custom: CustomKind, identity: unknown): Promise<JsonObject | undefined> {
    const listed = this.#identities.get(`${custom.kind}/${String(identity)}`)
    if (listed !== undefined || custom.named[0] !== custom.resource.key.field) return listed
    return this.#find(custom, String(identity))
  }

  bindingsOf(application: JsonObject): readonly JsonObject[] {
    return this.#bindings.filter(({ target }) => target === application['pk'])
  }

  /** What is there now: a list that changes while its pages are read may not show all. */
  async findBindings({ pk: target }: JsonObject): Promise<readonly JsonObject[]> {
    const query = { target: String(target), page_size: WHOLE }
    return onePage.parse(await this.#ask({ path: pathOf(policyBindingResource), query })).results
  }

  /** With its ownership, or not at all: whoever is ended before the answer comes finds it as its own. */
  async create(custom: CustomKind, values: JsonObject, by: Owner): Promise<JsonObject> {
    const request: CoreRequest = { method: 'POST', path: pathOf(custom.resource), query: { ...by }, body: values }
    return this.#see(custom, await this.#ask(request))
  }

  async update(custom: CustomKind, live: JsonObject, values: JsonObject): Promise<JsonObject> {
    const path = pathOf(custom.resource, keyOf(custom.resource, live))
    return this.#see(custom, await this.#ask({ method: 'PATCH', path, body: values }))
  }

  /** Is content when it is gone already. */
  async remove(resource: Resource, key: string): Promise<void> {
    try {
      await this.#core.request({ method: 'DELETE', path: pathOf(resource, key) })
    } catch (error) {
      if (!(error instanceof CoreRefusedError && error.status === 404)) throw error
    }
  }

  async own(custom: CustomKind, live: JsonObject, by: Owner): Promise<Ownership> {
    const body = {
      ...by,
      model: custom.resource.model,
      object: nameOf(custom, keyOf(custom.resource, live)),
      applied: NOTHING_REMEMBERED,
    }
    return this.#keep(await this.#ask({ method: 'POST', path: pathOf(ownershipResource), body }))
  }

  /** Keeps what was written; the key of the object may be another one now. */
  async remember(custom: CustomKind, { pk }: Ownership, live: JsonObject, applied: Remembered): Promise<void> {
    const body = { object: nameOf(custom, keyOf(custom.resource, live)), applied }
    this.#keep(await this.#ask({ method: 'PATCH', path: pathOf(ownershipResource, pk), body }))
  }

  /** With those of its policy bindings. */
  async forget({ pk, owner, applied }: Ownership): Promise<void> {
    for (const group of Object.keys(applied.bindings)) {
      const access = await this.findOwnership(accessOwner(owner, group))
      if (access !== undefined) await this.forget(access)
    }
    await this.remove(ownershipResource, pk)
    this.#ownerships.delete(owner)
  }

  /** Of two who do it at once, one is refused: what only one of them knew would stay when the group is to go. */
  async bind(application: JsonObject, { group, order, replaced }: NewBinding, by: Owner): Promise<string> {
    const query = { ...by, owner: accessOwner(by.owner, group) }
    const former = await this.findOwnership(query.owner)
    if (former !== undefined && (former.object === bindingName(replaced) || !(await this.#isBound(former))))
      await this.forget(former)
    const body = { target: application['pk'], group, order, enabled: true }
    return String((await this.#ask({ method: 'POST', path: pathOf(policyBindingResource), query, body }))['pk'])
  }

  async unbind(group: string, binding: string, owner: string): Promise<void> {
    await this.remove(policyBindingResource, binding)
    const former = await this.#askOwnership(accessOwner(owner, group))
    if (former?.object === bindingName(binding)) await this.forget(former)
  }

  /** A single object or a plain list below the API. */
  async read(path: string): Promise<unknown> {
    const answer = await this.#core.request({ path })
    return answer.kind === 'ok' ? answer.body : undefined
  }

  async #askOwnership(owner: string): Promise<Ownership | undefined> {
    const [found] = onePage.parse(await this.#ask({ path: pathOf(ownershipResource), query: { owner } })).results
    return found === undefined ? undefined : this.#keep(found)
  }

  async #find(custom: CustomKind, key: string): Promise<JsonObject | undefined> {
    const found = await this.#get(pathOf(custom.resource, key))
    return found && this.#see(custom, found)
  }

  async #isBound({ object }: Ownership): Promise<boolean> {
    return (await this.#get(pathOf(policyBindingResource, keyIn(object)))) !== undefined
  }

  /** Undefined when it is not there. */
  async #get(path: string): Promise<JsonObject | undefined> {
    try {
      return await this.#ask({ path })
    } catch (error) {
      if (error instanceof CoreRefusedError && error.status === 404) return undefined
      throw error
    }
  }

  #keep(raw: JsonObject): Ownership {
    const kept = ownership.parse(raw)
    this.#ownerships.set(kept.owner, kept)
    return kept
  }

  #see(custom: CustomKind, object: JsonObject): JsonObject {
    this.#live.set(nameOf(custom, keyOf(custom.resource, object)), object)
    this.#identities.set(`${custom.kind}/${String(object[custom.named[0]!])}`, object)
    return object
  }

  async #read(path: string): Promise<readonly JsonObject[]> {
    const list = this.#lists.get(path) ?? new PagedList(this.#core, { path })
    this.#lists.set(path, list)
    try {
      return (await list.read()) as readonly JsonObject[]
    } catch (cause) {
      throw new CoreUnreachableError(`${path} cannot be read with the token for custom resources`, cause)
    }
  }

  async #ask(request: CoreRequest): Promise<JsonObject> {
    const answer = await this.#core.request(request)
    const parsed = z.record(z.string(), z.unknown()).safeParse(answer.kind === 'ok' ? answer.body : undefined)
    if (!parsed.success) throw new CoreUnreachableError('the answer of the core is no object', parsed.error)
    return parsed.data
  }
}
