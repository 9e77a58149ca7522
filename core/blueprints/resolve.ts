import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { BlueprintError } from './blueprint-error.ts'
import { Tagged, type Tree } from './tree.ts'

/** What tags can ask for while a blueprint is applied. */
export interface Surroundings {
  readonly context: JsonObject
  /** Keys of the objects of entries so far, by entry id. */
  readonly keys: ReadonlyMap<string, unknown>
  /** The key of the one object of this model with these values; undefined if there is none. */
  find(model: string, conditions: ReadonlyMap<string, unknown>): Promise<unknown>
}

type Resolver = (value: Tree, surroundings: Surroundings) => Promise<unknown>

/** `!Tag` and what it becomes (sheet core-domain §14). Arguments are resolved first, so tags nest. */
const TAGS: ReadonlyMap<string, Resolver> = new Map<string, Resolver>([
  ['Context', context],
  ['KeyOf', keyOf],
  ['Find', find],
  ['Format', format],
  ['If', choose],
])

/** The value of a tree, every tag resolved; the tree itself is left as it is. */
export async function resolve(tree: Tree, surroundings: Surroundings): Promise<unknown> {
  if (tree instanceof Tagged) {
    const resolver = TAGS.get(tree.tag)
    if (resolver === undefined) throw new BlueprintError(`unknown tag !${tree.tag}`)
    return resolver(tree.value, surroundings)
  }
  if (Array.isArray(tree)) return Promise.all(tree.map((item) => resolve(item, surroundings)))
  if (typeof tree !== 'object' || tree === null) return tree
  const entries = Object.entries(tree).map(async ([key, value]) => [key, await resolve(value, surroundings)] as const)
  return Object.fromEntries(await Promise.all(entries))
}

/** `!Context name` or `!Context [name, default]`. */
async function context(value: Tree, surroundings: Surroundings): Promise<unknown> {
  const [name, ...rest] = await listOf(value, surroundings)
  if (typeof name === 'string' && Object.hasOwn(surroundings.context, name)) return surroundings.context[name]
  if (rest.length === 0) throw new BlueprintError(`!Context: there is no ${written(value)}, and no default`)
  return rest[0]
}

async function keyOf(value: Tree, surroundings: Surroundings): Promise<unknown> {
  const id = String(await resolve(value, surroundings))
  if (!surroundings.keys.has(id)) throw new BlueprintError(`!KeyOf: no entry above has the id ${written(value)}`)
  return surroundings.keys.get(id)
}

/** `!Find [model, [field, value], …]`; null if there is no such object. */
async function find(value: Tree, surroundings: Surroundings): Promise<unknown> {
  const [model, ...conditions] = await listOf(value, surroundings)
  const pairs = conditions.map((condition) => {
    if (!Array.isArray(condition) || condition.length !== 2)
      throw new BlueprintError('!Find: each condition is [field, value]')
    return [String(condition[0]), condition[1]] as const
  })
  return (await surroundings.find(String(model), new Map(pairs))) ?? null
}

/** `!Format ["%s-%s", a, b]`. */
async function format(value: Tree, surroundings: Surroundings): Promise<unknown> {
  const [template, ...values] = await listOf(value, surroundings)
  const rest = [...values]
  return String(template).replace(/%s/g, () => String(rest.shift() ?? ''))
}

/** `!If [condition, then, else]`. */
async function choose(value: Tree, surroundings: Surroundings): Promise<unknown> {
  if (!Array.isArray(value) || value.length !== 3) throw new BlueprintError('!If: [condition, then, else] is needed')
  const condition = await resolve(value[0] as Tree, surroundings)
  return resolve((condition ? value[1] : value[2]) as Tree, surroundings)
}

async function listOf(value: Tree, surroundings: Surroundings): Promise<readonly unknown[]> {
  const resolved = await resolve(value, surroundings)
  return Array.isArray(resolved) ? resolved : [resolved]
}

/** A name as the blueprint has it; what a tag made of it may be a secret. */
function written(value: Tree): string {
  const [name] = Array.isArray(value) ? value : [value]
  return typeof name === 'string' ? `"${name}"` : 'that its tag gives'
}
