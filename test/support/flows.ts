import type { TestCore } from './core.ts'

/** A stage that the administrator makes; its id. */
export async function newStage(core: TestCore, kind: string, name: string, fields: object = {}): Promise<string> {
  const { body } = await core.api('POST', `/stages/${kind}/`, { name, ...fields })
  if (body.pk === undefined) throw new Error(`no stage ${name}: ${JSON.stringify(body)}`)
  return body.pk
}

/** A flow of its own with the stages of these ids, in this order; each binding is made with `bound`. The slug. */
export async function newFlow(
  core: TestCore,
  slug: string,
  designation: string,
  stages: readonly string[],
  bound: object = {},
): Promise<string> {
  const { body: flow } = await core.api('POST', '/flows/instances/', { name: slug, slug, title: slug, designation })
  if (flow.pk === undefined) throw new Error(`no flow ${slug}: ${JSON.stringify(flow)}`)
  for (const [order, stage] of stages.entries())
    await core.api('POST', '/flows/bindings/', { target: flow.pk, stage, order, ...bound })
  return slug
}
