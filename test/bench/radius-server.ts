// A process to measure: `echo PORT` sends each datagram back, `martello PORT` is the RADIUS outpost with a core that
// answers at once, so that what is measured is the outpost: hashes, signatures, duplicate detection.
import { createSocket } from 'node:dgram'
import { ALLOWED, startRadius } from '#test/support/radius-fleet.ts'

const [, , kind, port] = process.argv
if (kind === 'martello') {
  await startRadius({ login: () => Promise.resolve(ALLOWED) }, { port: Number(port) })
} else {
  const socket = createSocket('udp4')
  socket.on('message', (datagram, from) => socket.send(datagram, from.port, from.address))
  socket.bind(Number(port), '127.0.0.1')
}
