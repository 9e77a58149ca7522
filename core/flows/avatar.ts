const COLOURS = ['#3b5b92', '#5b7f3b', '#92603b', '#7b3b92', '#3b8a92', '#923b54']

/** A picture of the first letter, as a data URI; the same for a name whether anybody has it or not. */
export function avatarOf(name: string): string {
  const letter = /[\p{L}\p{N}]/u.exec(name)?.[0]?.toUpperCase() ?? '?'
  const colour = COLOURS[[...name].reduce((sum, character) => sum + character.codePointAt(0)!, 0) % COLOURS.length]
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" fill="${colour}"/><text x="32" y="43" font-family="sans-serif" font-size="32" fill="#fff" text-anchor="middle">${letter}</text></svg>`
  return `data:image/svg+xml;base64,${btoa(String.fromCharCode(...new TextEncoder().encode(svg)))}`
}
