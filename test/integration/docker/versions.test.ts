import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { dockerAgent } from '#controllers/docker/connect.ts'
import { EngineApi } from '#controllers/docker/engine-api.ts'
import { temporaryFolder } from '#test/support/engines/process.ts'

/** What a release of the engine says of itself. */
interface Release {
  readonly Version: string
  readonly ApiVersion: string
  readonly MinAPIVersion: string
}
const OLD: Release = { Version: '20.10.24', ApiVersion: '1.41', MinAPIVersion: '1.12' }
const NEW: Release = { Version: '29.0.0', ApiVersion: '1.52', MinAPIVersion: '1.44' }

interface Daemon extends AsyncDisposable {
  readonly api: EngineApi
  /** What is installed: another one takes over the socket without breaking connections, as behind a tunnel. */
  release: Release
  /** Paths that were asked for, their version included. */
  readonly asked: string[]
  /** Answers to `/events` and `/images/create` that are not ended. */
  readonly streams: ServerResponse[]
  /** Instead of what the release says, when a version is asked for. */
  refusal: string | undefined
}

const minorOf = (version: string) => Number(version.split('.')[1])

/** Judges the version of every request as the engine does; what it answers else is of no interest here. */
async function startDaemon(release: Release): Promise<Daemon> {
  const folder = temporaryFolder('docker-versions')
  const path = join(folder.path, 'docker.sock')
  const server = createServer((req, res) => {
    const url = req.url ?? ''
    daemon.asked.push(url)
    const [, version, rest] = /^(?:\/v([\d.]+))?(\/[^?]*)/.exec(url) ?? []
    const refused = version === undefined ? undefined : (daemon.refusal ?? refusalOf(version, daemon.release))
    if (refused !== undefined) res.writeHead(400).end(JSON.stringify({ message: refused }))
    else if (rest === '/version') res.end(JSON.stringify(daemon.release))
    else if (rest === '/containers/json') res.end('[]')
    else {
      res.write('{"status":"begun"}\n')
      daemon.streams.push(res)
    }
  }).listen(path)
  await once(server, 'listening')
  const api = new EngineApi(dockerAgent({ url: `unix://${path}`, local: false }, {}))
  const daemon: Daemon = {
    api,
    release,
    asked: [],
    streams: [],
    refusal: undefined,
    async [Symbol.asyncDispose]() {
      api[Symbol.dispose]()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      folder[Symbol.dispose]()
    },
  }
  return daemon
}

function refusalOf(version: string, { ApiVersion, MinAPIVersion }: Release): string | undefined {
  if (minorOf(version) > minorOf(ApiVersion))
    return `client version ${version} is too new. Maximum supported API version is ${ApiVersion}`
  if (minorOf(version) < minorOf(MinAPIVersion))
    return `client version ${version} is too old. Minimum supported API version is ${MinAPIVersion}, please upgrade your client to a newer version`
  return undefined
}

const LIST = { path: '/containers/json' }

suite('CT-16: an engine of another API version', () => {
  const changes: ReadonlyArray<[what: string, from: Release, to: Release, asked: string[]]> = [
    ['newer', OLD, NEW, ['/v1.41/containers/json', '/version', '/v1.47/containers/json']],
    ['older', NEW, OLD, ['/v1.47/containers/json', '/version', '/v1.41/containers/json']],
  ]
  for (const [what, from, to, asked] of changes)
    test(`one that is ${what} is spoken to in its own version, from the first call on`, async () => {
      await using daemon = await startDaemon(from)
      const { api } = daemon
      await api.call(LIST)
      daemon.release = to
      daemon.asked.length = 0
      assert.deepEqual((await api.call(LIST)).body, [])
      assert.deepEqual(daemon.asked, asked)
      await api.call(LIST)
      assert.deepEqual(daemon.asked.slice(asked.length), asked.slice(-1), 'it is known by now')
    })

  test('a stream, too', async () => {
    await using daemon = await startDaemon(OLD)
    const { api } = daemon
    await api.call(LIST)
    daemon.release = NEW
    for await (const event of api.stream({ path: '/events' })) {
      assert.deepEqual(event, { status: 'begun' })
      break
    }
    assert.equal(daemon.asked.at(-1), '/v1.47/events')
  })

  for (const [how, end] of [
    ['ends', (stream: ServerResponse) => stream.end()],
    ['breaks', (stream: ServerResponse) => stream.destroy()],
  ] as const)
    test(`a daemon whose events have ended is asked anew: the stream ${how}`, async () => {
      await using daemon = await startDaemon(OLD)
      const { api } = daemon
      const events = (async () => {
        for await (const _ of api.stream({ path: '/events' })) {
          daemon.release = NEW
          end(daemon.streams[0]!)
        }
      })()
      await events.catch(() => {})
      daemon.asked.length = 0
      await api.call(LIST)
      assert.deepEqual(daemon.asked, ['/version', '/v1.47/containers/json'])
    })

  test('one that refuses every version is asked twice, and its words are the error', async () => {
    await using daemon = await startDaemon(OLD)
    daemon.refusal = 'client version 1.41 is too old. Minimum supported API version is 1.99'
    await assert.rejects(daemon.api.call(LIST), { code: 'MRT_DOCKER_REFUSED', serverMessage: daemon.refusal })
    assert.deepEqual(daemon.asked, ['/version', '/v1.41/containers/json', '/version', '/v1.41/containers/json'])
  })

  test('any other refusal is final', async () => {
    await using daemon = await startDaemon(OLD)
    daemon.refusal = 'invalid filter'
    await assert.rejects(daemon.api.call(LIST), { serverMessage: 'invalid filter' })
    assert.deepEqual(daemon.asked, ['/version', '/v1.41/containers/json'])
  })
})

test('what breaks off in the middle is an engine that does not answer', async () => {
  await using daemon = await startDaemon(OLD)
  const pull = async () => {
    for await (const _ of daemon.api.stream({ method: 'POST', path: '/images/create' })) daemon.streams[0]!.destroy()
  }
  await assert.rejects(pull, { code: 'MRT_TARGET_UNREACHABLE' })
})
