import type { FlowRecord } from '#core/store/flows.ts'
import type { FlowInfo } from '#schema/challenge/challenge.ts'

/** How a flow presents itself; `%(app)s` and `%(user)s` in its title are filled in. */
export function flowInfo(flow: FlowRecord, application = ''): FlowInfo {
  const title = flow.title.replaceAll('%(app)s', application).replaceAll('%(user)s', '').trim()
  return { title, background: flow.background, cancel_url: '/flows/-/cancel/', layout: flow.layout }
}
