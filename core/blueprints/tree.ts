import { isAlias, isMap, isScalar, isSeq, type Node, parseDocument } from 'yaml'
import { BlueprintError } from './blueprint-error.ts'

/** A value with a tag such as `!Find`, still to be resolved. */
export class Tagged {
  readonly tag: string
  readonly value: Tree

  constructor(tag: string, value: Tree) {
    this.tag = tag
    this.value = value
  }
}

/** What a blueprint's YAML says, with its tags. */
export type Tree = null | boolean | number | string | Tagged | readonly Tree[] | { readonly [key: string]: Tree }

const MAX_OCTETS = 1024 * 1024
const MAX_DEPTH = 64
const MAX_NODES = 50_000

/** Parses the YAML of a blueprint; a BlueprintError says where it is wrong. */
export function parseTree(text: string): Tree {
  if (text.length > MAX_OCTETS) throw new BlueprintError(`a blueprint of more than ${MAX_OCTETS} characters`)
  const document = parseDocument(text, { logLevel: 'silent', stringKeys: true })
  const [error] = document.errors
  if (error !== undefined) throw new BlueprintError(`not YAML: ${error.message.split('\n')[0]}`)
  let nodes = 0

  const convert = (node: unknown, depth: number): Tree => {
    if (depth > MAX_DEPTH || ++nodes > MAX_NODES) throw new BlueprintError('the blueprint is too deep or too large')
    if (isAlias(node)) return convert(node.resolve(document), depth + 1)
    const tag = (node as Node | null)?.tag
    const plain = untagged(node, depth)
    return typeof tag === 'string' && /^!\w/.test(tag) ? new Tagged(tag.slice(1), plain) : plain
  }
  const untagged = (node: unknown, depth: number): Tree => {
    if (isSeq(node)) return node.items.map((item) => convert(item, depth + 1))
    if (isMap(node)) {
      const pairs = node.items.map(({ key, value }) => [
        String(isScalar(key) ? key.value : key),
        convert(value, depth + 1),
      ])
      return Object.fromEntries(pairs)
    }
    const value = isScalar(node) ? node.value : null
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
  }
  return convert(document.contents, 0)
}
