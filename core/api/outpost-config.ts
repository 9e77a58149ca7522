import type { OutpostRecord } from '#core/store/outpost-accounts.ts'
import { patchesProblem } from '#schema/deployment/patch/patches-problem.ts'
import { settingsProblem } from '#schema/deployment/settings-problem.ts'
import { isJsonObject, type JsonObject } from '#schema/kernel/deep-merge.ts'
import { deploymentContext } from './controller-config.ts'
import { deployableOutpost } from './deployable-outpost.ts'
import type { Call } from './route.ts'

/** Stands for the key of an outpost that has none yet. */
const NEW = '00000000-0000-4000-8000-000000000000'

/**
 * What is wrong with a config that is written, or with patches that do not fit any more because of what is written beside
 * them. Whatever is stored, an outpost can always be renamed and detached.
 */
export async function outpostConfigProblem(
  call: Call,
  values: JsonObject,
  before: OutpostRecord | undefined,
  served: readonly number[],
): Promise<string | undefined> {
  const { config = before?.config, type = before?.type } = values
  const problem = values['config'] === undefined ? undefined : settingsProblem(values['config'] as JsonObject)
  const isPatched = isJsonObject(config) && isJsonObject(config['kubernetes_json_patches'])
  const touched = ['config', 'type', 'providers'].some((field) => values[field] !== undefined)
  if (problem !== undefined || !isPatched || !touched) return problem
  const stored = { uuid: before?.uuid ?? NEW, name: String(values['name'] ?? before?.name), type: String(type), config }
  const outpost = await deployableOutpost(call.ctx.db, stored, served)
  return outpost === undefined ? undefined : patchesProblem(outpost, deploymentContext(call))
}
