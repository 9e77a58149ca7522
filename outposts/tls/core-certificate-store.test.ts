import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { CoreClient, CoreRequest } from '#schema/client/request.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import { CoreCertificateStore } from './core-certificate-store.ts'
import { selfSigned } from './self-signed.ts'

let pair: { readonly cert: string; readonly key: string }
before(async () => {
  pair = await selfSigned('test', 0)
})

/** A core with one key pair, whose description has an ETag. */
class OnePair implements CoreClient {
  fingerprint = 'aa'
  isDown = false
  key = pair.key
  asked: string[] = []

  async request({ path, etag }: CoreRequest) {
    const name = path.replace('/crypto/certificatekeypairs/one/', '') || 'description'
    if (this.isDown) throw new Error('down')
    if (name === 'description' && etag === this.fingerprint) return { kind: 'not-modified' as const }
    this.asked.push(name)
    const bodies: Record<string, object> = {
      description: { fingerprint_sha256: this.fingerprint },
      'view_certificate/': { data: pair.cert },
      'view_private_key/': { data: this.key },
    }
    return { kind: 'ok' as const, status: 200, body: bodies[name], etag: this.fingerprint }
  }

  seen = () => this.asked.splice(0)
}

const ALL = ['description', 'view_certificate/', 'view_private_key/']
const start = async () => {
  const core = new OnePair()
  const store = await CoreCertificateStore.create(core, silentLogger, { now: () => 0 })
  return { core, store, refresh: () => store.refresh(['one']) }
}

test('a pair is transferred when it is new and when its fingerprint changes, and not otherwise', async () => {
  const { core, store, refresh } = await start()
  await refresh()
  const first = store.get('one')
  assert.ok(first)
  assert.deepEqual(core.seen(), ALL)
  await refresh()
  assert.deepEqual(core.seen(), [])
  assert.equal(store.get('one'), first)
  core.fingerprint = 'bb'
  await refresh()
  assert.deepEqual(core.seen(), ALL)
  assert.notEqual(store.get('one'), first)
})

test('a pair that cannot be read stays as it was, and is read again', async () => {
  const { core, store, refresh } = await start()
  await refresh()
  const first = store.get('one')
  core.isDown = true
  await refresh()
  assert.equal(store.get('one'), first)
  core.isDown = false
  core.fingerprint = 'bb'
  core.key = 'no key'
  await refresh()
  assert.equal(store.get('one'), first)
  core.seen()
  core.key = pair.key
  await refresh()
  assert.deepEqual(core.seen(), ['view_certificate/', 'view_private_key/'], 'the description is known already')
  assert.notEqual(store.get('one'), first)
})

test('a pair that nobody wants any more is forgotten', async () => {
  const { store, refresh } = await start()
  await refresh()
  await store.refresh([])
  assert.equal(store.get('one'), undefined)
})
