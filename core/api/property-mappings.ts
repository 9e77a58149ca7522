import { ValidationFailedError } from '#core/http/http-errors.ts'
import { claimsFor, scopeExpressionProblem } from '#core/oidc/claims.ts'
import { propertyMappings, scopeMappings } from '#core/store/tables/applications.ts'
import { mappingTestFields, propertyMappingResource, scopeMappingResource } from '#schema/api/property-mappings.ts'
import { permissionFor } from '#schema/api/resource.ts'
import type { Binding } from './binding.ts'
import { actionBody } from './checks.ts'
import { findVisible, requireOn } from './objects.ts'
import { testedUser } from './policies.ts'
import { type Call, ok, type Reply } from './route.ts'
import { typesRoute } from './types-route.ts'

const base = propertyMappingResource.model

/** Property mappings of every kind, and the way to try one out. */
export const propertyMappingBinding: Binding = {
  resource: propertyMappingResource,
  tables: [propertyMappings],
  actions: [
    typesRoute('propertymappings/all/', base),
    {
      method: 'POST',
      path: 'propertymappings/all/{pm_uuid}/test/',
      operationId: 'propertymappings_all_test_create',
      access: { kind: 'objects', permission: permissionFor('change', base) },
      document: {
        request: { name: 'PolicyTestRequest', fields: mappingTestFields },
        response: 'PropertyMappingTestResult',
        query: { format_result: 'boolean' },
      },
      handle: test,
    },
  ],
}

/** Mappings that give the claims of a scope by a CEL expression. */
export const scopeMappingBinding: Binding = {
  resource: scopeMappingResource,
  tables: [propertyMappings, scopeMappings],
  base,
  kind: 'scope',
  async prepare(_call, values) {
    const { expression } = values
    const problem = typeof expression === 'string' ? scopeExpressionProblem(expression) : undefined
    if (problem !== undefined) throw new ValidationFailedError({ expression: [problem] })
    return values
  },
}

/** What a mapping would give for a user; only for those who could change it (API-07). */
async function test(call: Call): Promise<Reply> {
  const row = await findVisible(call.registry.of(base)!, call)
  requireOn(call.registry.of(base)!, call, 'change', row)
  const { user: pk } = await actionBody(call, mappingTestFields)
  const { user, uid, groups, isSuperuser, attributes } = await testedUser(call, pk)
  const names = groups.map(({ name }) => name)
  const { id, uuid, username, name, email, type } = user
  const { claims, failures } = claimsFor(
    [{ name: String(row['name']), scope: 'test', expression: String(row['expression']) }],
    new Set(['test']),
    {
      user: {
        pk: id,
        uid,
        uuid,
        username,
        name,
        email,
        type,
        is_superuser: isSuperuser,
        groups: names,
        all_groups: names,
        attributes,
      },
      application: { slug: '', name: '' },
    },
  )
  const [failure] = failures
  const spaces = call.query.get('format_result') === 'true' ? 4 : undefined
  return ok({ result: failure?.reason ?? JSON.stringify(claims, undefined, spaces), successful: failure === undefined })
}
