import type { Component } from '../desired-object.ts'
import type { DeployableOutpost } from '../outpost.ts'
import { unroutableProviders } from './hosts.ts'

/** What an outpost's settings ask for and no object can have, for the people who look at its status. */
export function leftOut(outpost: DeployableOutpost): ReadonlyArray<{ component: Component; message: string }> {
  if (outpost.type !== 'proxy') return []
  const providers = unroutableProviders(outpost).map(({ name }) => JSON.stringify(name))
  if (providers.length === 0) return []
  const message = `no rule is possible for the external host of ${providers.join(', ')}: it should be a DNS name`
  const asked: readonly Component[] =
    outpost.settings.kubernetes_httproute_parent_refs.length > 0 ? ['ingress', 'httproute'] : ['ingress']
  const { kubernetes_disabled_components: disabled } = outpost.settings
  return asked.filter((component) => !disabled.includes(component)).map((component) => ({ component, message }))
}
