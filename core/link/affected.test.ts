import assert from 'node:assert/strict'
import test from 'node:test'
import { isAffected, type OutpostDependencies } from './affected.ts'

const outpost = (type: string): OutpostDependencies => ({
  outpost: 'o1',
  type,
  providers: new Set(['7']),
  applications: new Set(['a1']),
  certificates: new Set(['c1']),
  flows: new Set(['f1']),
})

const vectors: ReadonlyArray<[type: string, model: string, pk: string, affected: boolean]> = [
  ['proxy', 'authentik_outposts.outpost', 'o1', true],
  ['proxy', 'authentik_outposts.outpost', 'o2', false],
  ['proxy', 'authentik_providers_proxy.proxyprovider', '7', true],
  ['proxy', 'authentik_providers_oauth2.oauth2provider', '7', true],
  ['proxy', 'authentik_providers_proxy.proxyprovider', '8', false],
  ['proxy', 'authentik_core.application', 'a1', true],
  ['proxy', 'authentik_crypto.certificatekeypair', 'c1', true],
  ['proxy', 'authentik_crypto.certificatekeypair', 'c2', false],
  ['ldap', 'authentik_flows.flow', 'f1', true],
  ['ldap', 'authentik_core.user', '12', true],
  ['ldap', 'authentik_core.group', 'g', true],
  ['proxy', 'authentik_core.user', '12', false],
  ['radius', 'authentik_core.group', 'g', false],
  ['radius', 'authentik_core.token', '7', false],
  ['proxy', 'authentik_providers_oauth2.scopemapping', 'x', true],
]
for (const [type, model, pk, affected] of vectors)
  test(`${model} ${pk} ${affected ? 'concerns' : 'does not concern'} the ${type} outpost`, () =>
    assert.equal(isAffected(outpost(type), { model, pk, action: 'updated' }), affected))
