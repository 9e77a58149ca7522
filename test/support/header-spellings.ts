/** Spellings that some application takes for the header (PX-05). */
export const spellings = (name: string): readonly string[] => [
  name,
  name.toUpperCase(),
  name.replaceAll('-', '_'),
  name.replaceAll('-', '.'),
  name.replace('-', '_'),
]
