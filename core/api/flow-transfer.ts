import { eq } from 'drizzle-orm'
import express from 'express'
import { stringify } from 'yaml'
import { applyBlueprint, parseBlueprint } from '#core/blueprints/apply-blueprint.ts'
import { BlueprintError } from '#core/blueprints/blueprint-error.ts'
import { BadRequestError, ForbiddenError, ValidationFailedError } from '#core/http/http-errors.ts'
import { flowStageBindings } from '#core/store/tables/flows.ts'
import { flowResource } from '#schema/api/flows.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Binding, Row } from './binding.ts'
import { findVisible } from './objects.ts'
import { type Call, ok, type Reply, type Route, SUPERUSER, userOf } from './route.ts'
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
  if (!userOf(call).permissions.on(EXPORT, key)) throw new ForbiddenError()
  const bindings = call.registry.of('authentik_flows.flowstagebinding')!
  const bound = await selectRows(call.ctx.db, bindings, { where: eq(flowStageBindings.target, key) })
  const stages = call.registry.of('authentik_flows.stage')!
  const entries = [await entryOf(call, binding, flow, ['slug'])]
  for (const each of bound) {
    const base = await rowOf(call.ctx.db, stages, each['stage'])
    const kind = call.registry.concrete(stages, base)
    entries.push(await entryOf(call, kind, await rowOf(call.ctx.db, kind, each['stage']), ['name']))
    entries.push(await entryOf(call, bindings, each, ['target', 'stage', 'order']))
  }
  const content = stringify({ version: 1, metadata: { name: `Flow ${String(flow['slug'])}` }, entries })
  const headers = { 'content-disposition': `attachment; filename="${String(flow['slug'])}.yaml"` }
  return { status: 200, text: { type: 'application/octet-stream', content }, headers }
}

async function entryOf(call: Call, binding: Binding, row: Row, identifiers: readonly string[]): Promise<JsonObject> {
  const [wire] = await toWire(call, binding, [row])
  const { fields, model } = binding.resource
  const written = Object.entries(wire!).filter(([name]) => fields[name]?.access === 'read-write')
  const isIdentifier = ([name]: readonly [string, unknown]) => identifiers.includes(name)
  return {
    model,
    identifiers: Object.fromEntries(written.filter(isIdentifier)),
    attrs: Object.fromEntries(written.filter((each) => !isIdentifier(each))),
  }
}

/** compat: what goes wrong with a file is told in an answer of 200. */
async function importFlow(call: Call): Promise<Reply> {
  const file = (await form(call)).get('file')
  if (!(file instanceof Blob)) throw new ValidationFailedError({ file: ['No file was submitted.'] })
  try {
    const blueprint = parseBlueprint(await file.text())
    await applyBlueprint(call.ctx, blueprint, {})
    return ok({ logs: [], success: true })
  } catch (error) {
    if (!(error instanceof BlueprintError)) throw error
    return ok({ logs: [{ log_level: 'error', event: error.detail, attributes: {} }], success: false })
  }
}

const readOctets = express.raw({ limit: 1024 * 1024, type: 'multipart/form-data' })

/** A small form with files. */
async function form({ req, res }: Call): Promise<FormData> {
  const type = req.get('content-type') ?? ''
  if (!type.startsWith('multipart/form-data'))
    throw new BadRequestError(415, `Unsupported media type "${type}" in request.`)
  await new Promise<void>((resolve, reject) =>
    readOctets(req, res, (error?: unknown) => (error === undefined ? resolve() : reject(error))),
  )
  try {
    return await new Response(req.body as Uint8Array<ArrayBuffer>, { headers: { 'content-type': type } }).formData()
  } catch {
    throw new BadRequestError(400, 'Multipart form parse error')
  }
}
