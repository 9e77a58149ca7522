import { Document, isScalar, Scalar, visit } from 'yaml'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'

/** Cannot be anything but text, whichever YAML the reader speaks. */
const PLAIN = /^[A-Za-z][A-Za-z0-9./_-]*$/
/** YAML 1.1, which kubectl reads, takes these for values. */
const WORDS = /^(?:y|n|yes|no|on|off|true|false|null)$/i

/** One YAML document per object; all text that could be read as something else is in quotes. */
export function yamlDocuments(objects: readonly JsonObject[]): string {
  return objects.map((object) => `---\n${documentOf(object)}`).join('')
}

function documentOf(object: JsonObject): string {
  const document = new Document(object, { aliasDuplicateObjects: false })
  visit(document, {
    Scalar(_, node) {
      if (isScalar(node) && typeof node.value === 'string')
        node.type = PLAIN.test(node.value) && !WORDS.test(node.value) ? Scalar.PLAIN : Scalar.QUOTE_DOUBLE
    },
  })
  return document.toString({ lineWidth: 0 })
}
