import { eq } from 'drizzle-orm'
import { appliedState, blueprintHash } from '#core/blueprints/applied-state.ts'
import { applyBlueprint, type Blueprint, parseBlueprint } from '#core/blueprints/apply-blueprint.ts'
import { BlueprintError } from '#core/blueprints/blueprint-error.ts'
import { shippedFiles } from '#core/blueprints/shipped-files.ts'
import { ValidationFailedError } from '#core/http/http-errors.ts'
import { blueprintInstances } from '#core/store/tables/system.ts'
import { blueprintResource } from '#schema/api/blueprints.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Binding } from './binding.ts'
import { findVisible } from './objects.ts'
import { type Call, ok, type Reply, SUPERUSER } from './route.ts'
import { toWire } from './wire.ts'
import { note, rowOf } from './write.ts'

type Instance = typeof blueprintInstances.$inferSelect

/** Blueprints, for superusers alone: they can write everything, and hold whatever secrets they set. */
export const blueprintBinding: Binding<Instance> = {
  resource: blueprintResource,
  tables: [blueprintInstances],
  superusersOnly: true,
  prepare,
  actions: [
    {
      method: 'GET',
      path: `${blueprintResource.path}available/`,
      operationId: 'managed_blueprints_available_list',
      access: SUPERUSER,
      document: { response: 'array:BlueprintFile' },
      handle: async () => ok(shippedFiles().map(({ path, text, modified }) => describe(path, text, modified))),
    },
    {
      method: 'POST',
      path: `${blueprintResource.path}{instance_uuid}/apply/`,
      operationId: 'managed_blueprints_apply_create',
      access: SUPERUSER,
      document: { response: blueprintResource.name },
      handle: apply,
    },
  ],
}

function describe(path: string, text: string, modified: number): JsonObject {
  const { name, labels } = parseBlueprint(text)
  return { path, last_m: modified, hash: blueprintHash(text), version: 1, meta: { name, labels } }
}

async function prepare(_call: Call, values: JsonObject, before: Instance | undefined): Promise<JsonObject> {
  const path = String(values['path'] ?? before?.path ?? '')
  const content = String(values['content'] ?? before?.content ?? '')
  if (path === '' && content === '')
    throw new ValidationFailedError({ non_field_errors: ['Either path or content must be set.'] })
  if (values['path'] !== undefined && path !== '' && textOf(path, '') === undefined)
    throw new ValidationFailedError({ path: ['Blueprint file does not exist'] })
  if (values['content'] !== undefined && content !== '') {
    const problem = problemOf(content)
    if (problem !== undefined)
      throw new ValidationFailedError({ content: [`Failed to validate blueprint: ${problem}`] })
  }
  return values
}

function problemOf(content: string): string | undefined {
  try {
    parseBlueprint(content)
    return undefined
  } catch (error) {
    if (error instanceof BlueprintError) return error.detail
    throw error
  }
}

/** The text of an instance: its own, or that of the file it names. */
function textOf(path: string, content: string): string | undefined {
  return content !== '' ? content : shippedFiles().find((file) => file.path === path)?.text
}

/** Applies the blueprint now, all of it or nothing, and keeps how it went. */
async function apply(call: Call): Promise<Reply> {
  const { ctx } = call
  const binding = call.registry.of(blueprintResource.model)!
  const instance = (await findVisible(binding, call)) as unknown as Instance
  const text = textOf(instance.path, instance.content)
  const applied = text === undefined ? undefined : await attempt(call, text, instance.context)
  const values = applied === undefined ? { status: 'error' } : appliedState(applied, text!, ctx.clock.now())
  const key = eq(blueprintInstances.instanceUuid, instance.instanceUuid)
  await ctx.db.transaction(async (tx) => {
    await tx.update(blueprintInstances).set(values).where(key)
    await note(call, tx, binding, instance, 'updated', ['status'])
  })
  return ok((await toWire(call, binding, [await rowOf(ctx.db, binding, instance.instanceUuid)]))[0])
}

async function attempt(call: Call, text: string, context: JsonObject): Promise<Blueprint | undefined> {
  try {
    const blueprint = parseBlueprint(text)
    await applyBlueprint(call.ctx, blueprint, context)
    return blueprint
  } catch (error) {
    if (!(error instanceof BlueprintError)) throw error
    call.ctx.log.warning('a blueprint could not be applied', { reason: error.detail })
    return undefined
  }
}
