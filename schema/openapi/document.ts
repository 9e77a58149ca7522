import type { Field } from '#schema/api/field.ts'
import type { Fields, Resource } from '#schema/api/resource.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { fieldSchema } from './field-schema.ts'

/** One operation, as the document tells of it. */
export interface Operation {
  readonly method: string
  /** Below `/api/v3/`. */
  readonly path: string
  readonly operationId: string
  readonly isPublic: boolean
  /** Name of a component, `list:` and the name of a page's items, or `array:` and the name of a list's. */
  readonly response?: string | undefined
  readonly request?: { readonly name: string; readonly fields: Fields; readonly partial?: boolean } | undefined
  readonly query: Readonly<Record<string, string>>
  readonly status: number
}

/** The OpenAPI 3.0.3 document of resources and operations: made from the same declarations that serve them. */
export function openApiDocument(
  version: string,
  resources: readonly Resource[],
  operations: readonly Operation[],
): JsonObject {
  const schemas: Record<string, JsonObject> = { ...FIXED }
  for (const { name, fields } of resources) schemas[name] = readSchema(fields)
  for (const { request, response } of operations) {
    if (request !== undefined) schemas[request.name] = writeSchema(request.fields, request.partial === true)
    const [form, name] = split(response)
    if (form === 'list') schemas[`Paginated${name}List`] = pageOf(name)
    if (name !== '') schemas[name] ??= { type: 'object', additionalProperties: true }
  }
  const paths: Record<string, JsonObject> = {}
  for (const operation of operations.toSorted((a, b) => (a.path < b.path ? -1 : 1)))
    (paths[`/${operation.path}`] ??= {})[operation.method.toLowerCase()] = describe(operation)
  return {
    openapi: '3.0.3',
    info: { title: 'Martello', version, description: 'An identity core and its fleet of outposts.' },
    servers: [{ url: '/api/v3/' }],
    paths,
    components: { schemas: sorted(schemas), securitySchemes: SECURITY },
  }
}

const SECURITY = { martello: { type: 'http', scheme: 'bearer' } }
const NUMBERS = ['next', 'previous', 'count', 'current', 'total_pages', 'start_index', 'end_index']
const TEXTS = { type: 'array', items: { type: 'string' } }

const FIXED: Readonly<Record<string, JsonObject>> = {
  Pagination: {
    type: 'object',
    properties: Object.fromEntries(NUMBERS.map((name) => [name, { type: 'number' }])),
    required: NUMBERS,
  },
  ValidationError: {
    type: 'object',
    properties: { non_field_errors: TEXTS, code: { type: 'string' } },
    additionalProperties: {},
  },
  GenericError: {
    type: 'object',
    properties: { detail: { type: 'string' }, code: { type: 'string' } },
    required: ['detail'],
  },
  UsedBy: {
    type: 'object',
    properties: Object.fromEntries(
      ['app', 'model_name', 'pk', 'name', 'action'].map((name) => [name, { type: 'string' }]),
    ),
    required: ['app', 'model_name', 'pk', 'name', 'action'],
  },
}

const reference = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` })
const sorted = (record: Record<string, JsonObject>): JsonObject =>
  Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)))

function split(response: string | undefined): readonly [form: string, name: string] {
  const [form, name] = (response ?? '').split(':')
  return name === undefined ? ['one', form ?? ''] : [form!, name]
}

function pageOf(name: string): JsonObject {
  const results = { type: 'array', items: reference(name) }
  const properties = { pagination: reference('Pagination'), results, autocomplete: { type: 'object' } }
  return { type: 'object', properties, required: ['pagination', 'results', 'autocomplete'] }
}

function readSchema(fields: Fields): JsonObject {
  const readable = Object.entries(fields).filter(([, { access }]) => access !== 'write-only')
  const always = readable.filter(([, { access, required }]) => access === 'read-only' || required)
  return objectOf(readable, always)
}

function writeSchema(fields: Fields, partial: boolean): JsonObject {
  const writable = Object.entries(fields).filter(([, { access }]) => access !== 'read-only')
  return objectOf(writable, partial ? [] : writable.filter(([, { required }]) => required))
}

type Entries = ReadonlyArray<[string, Field]>

function objectOf(properties: Entries, required: Entries): JsonObject {
  return {
    type: 'object',
    properties: Object.fromEntries(properties.map(([name, field]) => [name, propertyOf(field)])),
    ...(required.length === 0 ? {} : { required: required.map(([name]) => name) }),
  }
}

function propertyOf(field: Field): JsonObject {
  const { access, nullable } = field
  return {
    ...fieldSchema(field),
    ...(nullable ? { nullable: true } : {}),
    ...(access === 'read-only' ? { readOnly: true } : {}),
    ...(access === 'write-only' ? { writeOnly: true } : {}),
  }
}

const QUERY_TYPES: Readonly<Record<string, JsonObject>> = {
  text: { type: 'string' },
  texts: TEXTS,
  boolean: { type: 'boolean' },
  integer: { type: 'integer' },
  integers: { type: 'array', items: { type: 'integer' } },
  uuid: { type: 'string', format: 'uuid' },
  uuids: { type: 'array', items: { type: 'string', format: 'uuid' } },
}

function describe({ path, operationId, isPublic, response, request, query, status }: Operation): JsonObject {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const inQuery = Object.entries(query).map(([name, type]) => ({
    name,
    in: 'query',
    schema: QUERY_TYPES[type] ?? QUERY_TYPES['text'],
  }))
  return {
    operationId,
    tags: [path.split('/')[0]],
    ...(inPath.length + inQuery.length === 0 ? {} : { parameters: [...inPath, ...inQuery] }),
    ...(request === undefined
      ? {}
      : { requestBody: { content: jsonContent(reference(request.name)), required: request.partial !== true } }),
    security: isPublic ? [{ martello: [] }, {}] : [{ martello: [] }],
    responses: {
      [status]: answer(response),
      400: { content: jsonContent(reference('ValidationError')), description: 'The request is not valid.' },
      403: { content: jsonContent(reference('GenericError')), description: 'The caller may not do this.' },
    },
  }
}

function answer(response: string | undefined): JsonObject {
  const [form, name] = split(response)
  if (name === '') return { description: 'Done.' }
  const item = reference(name)
  const schema =
    { one: item, array: { type: 'array', items: item }, list: reference(`Paginated${name}List`) }[form] ?? item
  return { content: jsonContent(schema), description: '' }
}

const jsonContent = (schema: JsonObject): JsonObject => ({ 'application/json': { schema } })
