// Load generator of its own process: `PORT SECONDS bind|search USERS` keeps one request under way on each of 16
// connections and prints how many were answered, as JSON. Searches are `(uid=userN)` below the base, or `(cn=userN)`.
import { once } from 'node:events'
import { connect } from 'node:net'
import { encodeInteger, encodeText, encodeValue } from '#outposts/ldap/codec/ber.ts'
import { encodeFilter } from '#outposts/ldap/codec/filter.ts'
import { MessageFramer } from '#outposts/ldap/codec/framing.ts'

const [, , port, seconds, kind, users] = process.argv
const CONNECTIONS = 16
const BASE = 'dc=example,dc=com'
const REQUESTS = 4_096
const dn = (index: number) => `cn=user${index},ou=users,${BASE}`

const message = (operation: Buffer) => encodeValue(0x30, encodeInteger(1), operation)
const bind = (index: number) =>
  message(encodeValue(0x60, encodeInteger(3), encodeText(dn(index)), encodeText('secret', 0x80)))
const search = (index: number) =>
  message(
    encodeValue(
      0x63,
      encodeText(`ou=users,${BASE}`),
      encodeInteger(2, 0x0a),
      encodeInteger(0, 0x0a),
      encodeInteger(0),
      encodeInteger(0),
      Buffer.from([1, 1, 0]),
      encodeFilter({ kind: 'equality', attribute: 'cn', value: Buffer.from(`user${index}`) }),
      encodeValue(0x30),
    ),
  )
const count = Number(users)
const requests = Array.from({ length: REQUESTS }, (_, index) =>
  kind === 'bind' ? bind((index * 7) % Math.min(count, 500)) : search((index * 7919) % count),
)
const lastTag = kind === 'bind' ? 0x61 : 0x65

let answered = 0
let entries = 0
let refused = 0

/** Tag of the operation in a message whose id is 1. */
function tagOf(octets: Buffer): { tag: number; code: number } {
  const start = octets[1]! < 0x80 ? 2 : 2 + (octets[1]! & 0x7f)
  const operation = start + 3
  const body = octets[operation + 1]! < 0x80 ? operation + 2 : operation + 2 + (octets[operation + 1]! & 0x7f)
  return { tag: octets[operation]!, code: octets[body + 2]! }
}

async function client(index: number): Promise<() => void> {
  const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  const framer = new MessageFramer()
  let next = index * 131
  let isReady = kind === 'bind'
  const ready = Promise.withResolvers<void>()
  socket.on('data', (chunk: Buffer) => {
    framer.push(chunk)
    for (let octets = framer.next(1 << 20); octets !== undefined; octets = framer.next(1 << 20)) {
      const { tag, code } = tagOf(octets)
      if (!isReady && tag === 0x61) {
        isReady = true
        ready.resolve()
      } else if (tag === lastTag) {
        answered++
        if (code !== 0) refused++
        socket.write(requests[next++ % REQUESTS]!)
      } else entries++
    }
  })
  if (!isReady) {
    socket.write(bind(0))
    await ready.promise
  }
  socket.write(requests[next++ % REQUESTS]!)
  return () => socket.destroy()
}

const ends = await Promise.all(Array.from({ length: CONNECTIONS }, (_, index) => client(index)))
answered = 0
entries = 0
const started = performance.now()
setTimeout(() => {
  const took = (performance.now() - started) / 1000
  for (const end of ends) end()
  console.log(JSON.stringify({ answered, entries, refused, seconds: took }))
}, Number(seconds) * 1000)
