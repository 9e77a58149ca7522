/** Octets of a value, so that name, value and attributes stay below the 4096 that browsers keep. */
const CHUNK_OCTETS = 3_800
/** More would not fit into the header buffers of the proxies in front. */
const MAX_CHUNKS = 4
const FIRST = /^([1-4])\.([\w-]+)$/

const chunkName = (name: string, index: number) => (index === 0 ? name : `${name}-${index}`)

/** The cookies that hold a sealed value: the first says how many there are. Undefined when it needs too many. */
export function toChunks(name: string, sealed: string): ReadonlyArray<readonly [string, string]> | undefined {
  const count = Math.ceil(sealed.length / CHUNK_OCTETS)
  if (count === 0 || count > MAX_CHUNKS) return undefined
  return Array.from({ length: count }, (_, index) => {
    const chunk = sealed.slice(index * CHUNK_OCTETS, (index + 1) * CHUNK_OCTETS)
    return [chunkName(name, index), index === 0 ? `${count}.${chunk}` : chunk] as const
  })
}

/** The sealed value, if every chunk is there exactly once and none is left over. */
export function fromChunks(name: string, cookies: ReadonlyArray<readonly [string, string]>): string | undefined {
  const own = cookies.filter(([each]) => isChunk(name, each))
  const values = new Map(own)
  const first = FIRST.exec(values.get(name) ?? '')
  if (first === null || values.size !== own.length || values.size !== Number(first[1])) return undefined
  let sealed = first[2]!
  for (let index = 1; index < values.size; index++) {
    const chunk = values.get(chunkName(name, index))
    if (chunk === undefined || !/^[\w-]+$/.test(chunk)) return undefined
    sealed += chunk
  }
  return sealed
}

/** Whether a cookie holds a part of the session called `name`. */
export function isChunk(name: string, cookie: string): boolean {
  return cookie === name || (cookie.startsWith(name) && /^-\d$/.test(cookie.slice(name.length)))
}
