import { eq } from 'drizzle-orm'
import { Scalar, stringify } from 'yaml'
import { applyBlueprint, parseBlueprint } from '#core/blueprints/apply-blueprint.ts'
import { BlueprintError } from '#core/blueprints/blueprint-error.ts'
import { flowStageBindings } from '#core/store/tables/flows.ts'
import { flowResource } from '#schema/api/flows.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Binding, Row } from './binding.ts'
import { multipartForm } from './multipart.ts'
import { findVisible } from './objects.ts'
import { type Call, ok, type Reply, type Route, requirePermissionOn, SUPERUSER } from './route.ts'
import { selectRows } from './rows.ts'
import { toWire } from './wire.ts'
import { rowOf } from './write.ts'

const EXPORT = 'authentik_flows.export_flow'

/** A flow as a blueprint, and back. */
export const flowTransferRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: 'flows/instances/{slug}/export/',
    operationId: 'flows_instances_export_retrieve',
    access: { kind: 'objects', permission: EXPORT },
    document: {},
    handle: exportFlow,
  },
  {
    method: 'POST',
    path: 'flows/instances/import/',
    operationId: 'flows_instances_import_create',
    access: SUPERUSER,
    document: { response: 'FlowImportResult' },
    handle: importFlow,
  },
]

/** The flow, its stages and how they are bound; what policies and other flows they use is not in it. */
async function exportFlow(call: Call): Promise<Reply> {
  const binding = call.registry.of(flowResource.model)!
  const flow = await findVisible(binding, call)
  const key = String(flow['flowUuid'])
  requirePermissionOn(call, EXPORT, key)
  const bindings = call.registry.of('authentik_flows.flowstagebinding')!
  const bound = await selectRows(call.ctx.db, bindings, { where: eq(flowStageBindings.target, key) })
  const stages = call.registry.of('authentik_flows.stage')!
  const entries = [await entryOf(call, binding, flow, ['slug'], { id: 'flow' })]
  for (const [index, each] of bound.entries()) {
    const kind = call.registry.concrete(stages, await rowOf(call.ctx.db, stages, each['stage']))
    const id = `stage-${index}`
    entries.push(await entryOf(call, kind, await rowOf(call.ctx.db, kind, each['stage']), ['name'], { id }))
    const known = { target: keyOf('flow'), stage: keyOf(id) }
    entries.push(await entryOf(call, bindings, each, ['target', 'stage', 'order'], { known }))
  }
  const content = stringify({ version: 1, metadata: { name: `Flow ${String(flow['slug'])}` }, entries })
  const headers = { 'content-disposition': `attachment; filename="${String(flow['slug'])}.yaml"` }
  return { status: 200, text: { type: 'application/octet-stream', content }, headers }
}

/** The key of another entry, in the words of a blueprint. */
function keyOf(id: string): Scalar {
  const scalar = new Scalar(id)
  scalar.tag = '!KeyOf'
  return scalar
}

/** A row as a blueprint's entry. References are left out unless they are `known`: keys mean nothing elsewhere. */
async function entryOf(
  call: Call,
  binding: Binding,
  row: Row,
  identifiers: readonly string[],
  { id, known = {} }: { readonly id?: string; readonly known?: JsonObject },
): Promise<JsonObject> {
  const { fields, model } = binding.resource
  const [wire] = await toWire(call, binding, [row])
  const written = Object.entries({ ...wire, ...known }).filter(
    ([name]) => fields[name]?.access === 'read-write' && (fields[name].reference === undefined || name in known),
  )
  return {
    model,
    ...(id === undefined ? {} : { id }),
    identifiers: Object.fromEntries(written.filter(([name]) => identifiers.includes(name))),
    attrs: Object.fromEntries(written.filter(([name]) => !identifiers.includes(name))),
  }
}

/** compat: what goes wrong with a file is told in an answer of 200. */
async function importFlow(call: Call): Promise<Reply> {
  const file = (await multipartForm(call)).get('file')
  if (!(file instanceof Blob)) return { status: 400, body: failure('No file was submitted.') }
  try {
    const blueprint = parseBlueprint(await file.text())
    await applyBlueprint(call.ctx, blueprint, {})
    return ok({ logs: [], success: true })
  } catch (error) {
    if (!(error instanceof BlueprintError)) throw error
    return ok(failure(error.detail))
  }
}

const failure = (event: string): JsonObject => ({
  logs: [{ log_level: 'error', event, attributes: {} }],
  success: false,
})
