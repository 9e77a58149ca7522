import { z } from 'zod'
import type { Said } from '#schema/custom-resources/conditions.ts'
import { deploymentRecord } from '#schema/deployment/status.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { isFalse, isTrue, type Outcome } from './outcome.ts'

const instancesShape = z.array(z.looseObject({ version: z.string().default('') }))

/** Whether an outpost is at work: deployed, if there is where to, and linked. */
export function outpostReadiness(outpost: JsonObject, record: unknown, health: unknown): Omit<Outcome, 'synced'> {
  const linked = instancesShape.safeParse(health).data ?? []
  const version = linked[0]?.version ?? ''
  const about = { instances: linked.length, ...(version === '' ? {} : { version }) }
  const deployment = outpost['service_connection'] == null ? undefined : deploymentOf(record)
  if (deployment !== undefined && deployment.status !== 'True') return { ready: deployment, ...about }
  if (linked.length === 0) return { ready: isFalse('NotLinked', 'No instance is linked to the core.'), ...about }
  return { ready: isTrue('Serving', `${linked.length} linked to the core.`), ...about }
}

/** What controllers have told of the deployment. */
function deploymentOf(raw: unknown): Said {
  const record = deploymentRecord.safeParse(raw).data
  if (record === undefined) return isFalse('NotDeployed', 'No controller has deployed it yet.')
  if (record.error !== '') return isFalse('DeploymentFailed', record.error)
  const problem = record.objects.find(({ condition }) => condition === 'failed' || condition === 'rejected')
  if (problem !== undefined)
    return isFalse('DeploymentFailed', `${problem.component}: ${problem.reason} ${problem.message}`.trim())
  const waiting = record.objects.find(({ condition }) => condition === 'progressing')
  if (waiting !== undefined)
    return isFalse('Progressing', `${waiting.component}: ${waiting.reason} ${waiting.message}`.trim())
  return isTrue('Deployed', 'Everything of it is ready.')
}
