// Load generator of its own process: `PORT SECONDS` keeps a fixed number of PAP requests under way and prints how many
// were answered, as JSON. Requests are made before the clock starts, each with an authenticator of its own.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { papRequest } from '#test/support/radius.ts'

const [, , port, seconds] = process.argv
const SOCKETS = 8
const UNDER_WAY_PER_SOCKET = 8
const REQUESTS = 32_768
const LOST_AFTER_MS = 500

const requests = Array.from({ length: REQUESTS }, (_, index) =>
  papRequest({ identifier: index % 256, authenticator: String(index).padStart(16, '#') }),
)

interface Client {
  readonly socket: Socket
  next: number
  heardAt: number
}

let answered = 0
let lost = 0

function send(client: Client): void {
  client.socket.send(requests[client.next++ % REQUESTS]!)
}

async function client(index: number): Promise<Client> {
  const socket = createSocket('udp4')
  socket.connect(Number(port), '127.0.0.1')
  await once(socket, 'connect')
  const self = { socket, next: index * (REQUESTS / SOCKETS), heardAt: performance.now() }
  socket.on('error', () => {})
  socket.on('message', () => {
    answered++
    self.heardAt = performance.now()
    send(self)
  })
  return self
}

const clients = await Promise.all(Array.from({ length: SOCKETS }, (_, index) => client(index)))
const begin = (each: Client) => {
  for (let i = 0; i < UNDER_WAY_PER_SOCKET; i++) send(each)
}
clients.forEach(begin)
const watch = setInterval(() => {
  for (const each of clients.filter(({ heardAt }) => performance.now() - heardAt > LOST_AFTER_MS)) {
    lost += UNDER_WAY_PER_SOCKET
    begin(each)
  }
}, LOST_AFTER_MS)
const started = performance.now()
setTimeout(() => {
  clearInterval(watch)
  for (const { socket } of clients) socket.close()
  console.log(JSON.stringify({ answered, lost, seconds: (performance.now() - started) / 1000 }))
}, Number(seconds) * 1000)
