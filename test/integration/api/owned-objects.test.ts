import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { type ApiBench, startApi } from '#test/support/api-bench.ts'

let api: ApiBench
before(async () => {
  api = await startApi()
})
after(() => api[Symbol.asyncDispose]())

const make = (slug: string, query: string) =>
  api.ask('POST', `core/applications/${query}`, { json: { name: slug, slug } })
const isThere = async (slug: string) => (await api.ask('GET', `core/applications/${slug}/`)).status === 200
const ownedBy = async (owner: string): Promise<string[]> => {
  const { body } = await api.ask('GET', `core/ownerships/?owner=${owner}`)
  return body.results.map((each: any) => `${each.object} of ${each.source}`)
}

test('an object is made with its ownership, or not at all', async () => {
  assert.equal((await make('first', '?owner=one&source=here')).status, 201)
  assert.deepEqual(await ownedBy('one'), ['authentik_core.application/first of here'])
  assert.equal((await make('unowned', '')).status, 201)
  const refused: ReadonlyArray<[query: string, field: string]> = [
    ['?owner=one&source=here', 'owner'],
    ['?owner=two', 'source'],
    ['?source=here', 'owner'],
    [`?owner=${'x'.repeat(201)}&source=here`, 'owner'],
  ]
  for (const [query, field] of refused) {
    const { status, body } = await make('second', query)
    assert.equal(status, 400, query)
    assert.deepEqual(Object.keys(body), [field], query)
    assert.ok(!(await isThere('second')), query)
  }
})

test('of two who make an object for one owner at once, one does', async () => {
  const made = await Promise.all(['a', 'b', 'c'].map((slug) => make(slug, '?owner=racer&source=here')))
  assert.deepEqual(made.map(({ status }) => status).sort(), [201, 400, 400])
  assert.equal((await Promise.all(['a', 'b', 'c'].map(isThere))).filter(Boolean).length, 1)
})

test('whoever may not make ownerships makes no object with one', async () => {
  const { token } = await api.plainUser('plain')
  const body = { identifier: 'of-plain', intent: 'api' }
  const made = (query: string) => api.ask('POST', `core/tokens/${query}`, { json: body, as: token })
  assert.equal((await made('?owner=plain&source=here')).status, 403)
  assert.deepEqual(await ownedBy('plain'), [])
  assert.equal((await made('')).status, 201)
})

test('an ownership follows its object to another key', async () => {
  await make('before', '?owner=follower&source=here')
  const renamed = await api.ask('PATCH', 'core/applications/before/', { json: { slug: 'after' } })
  assert.equal(renamed.status, 200)
  assert.deepEqual(await ownedBy('follower'), ['authentik_core.application/after of here'])
})
