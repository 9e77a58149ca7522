import { stringify } from 'yaml'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { type Operation, openApiDocument } from '#schema/openapi/document.ts'
import { VERSION } from '#schema/version.ts'
import type { Binding } from './binding.ts'
import { PUBLIC, type Route } from './route.ts'

/** The OpenAPI document of these resources and routes. */
export function documentOf(bindings: readonly Binding[], routes: readonly Route[]): JsonObject {
  return openApiDocument(
    VERSION,
    bindings.map(({ resource }) => resource),
    routes.map(operationOf),
  )
}

function operationOf({ method, path, operationId, access, document = {} }: Route): Operation {
  return {
    method,
    path,
    operationId,
    isPublic: access.kind === 'public',
    response: document.response,
    request: document.request,
    query: document.query ?? {},
    status: document.status ?? 200,
  }
}

/** The document is made once, when it is first asked for. */
export function schemaRoute(make: () => JsonObject): Route {
  let known: JsonObject | undefined
  return {
    method: 'GET',
    path: 'schema/',
    operationId: 'schema_retrieve',
    access: PUBLIC,
    document: { query: { format: 'text', lang: 'text' } },
    async handle({ query, req }) {
      known ??= make()
      const wanted =
        query.get('format') ?? (req.accepts(['application/vnd.oai.openapi', 'json']) === 'json' ? 'json' : 'yaml')
      if (wanted === 'json') return { status: 200, text: { type: 'application/json', content: JSON.stringify(known) } }
      return {
        status: 200,
        text: { type: 'application/vnd.oai.openapi', content: stringify(known, { aliasDuplicateObjects: false }) },
      }
    },
  }
}
