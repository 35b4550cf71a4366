const CHANGES: readonly (readonly [RegExp, string])[] = [
  // A profile may be sourced repeatedly.
  [/^readonly (?=ShellCompDirective)/gm, ''],
  // Part of the optional package bash-completion.
  [
    /^( +)(_get_comp_words_by_ref -n "=:" cur prev words cword)$/m,
    [
      '$1if declare -F _get_comp_words_by_ref > /dev/null; then',
      '$1    $2',
      '$1else',
      '$1    words=("${COMP_WORDS[@]}") cword=$COMP_CWORD',
      '$1    cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}',
      '$1fi',
    ].join('\n'),
  ],
  // Words are passed on without evaluation: a > in them would truncate a file.
  [
    /^( +)# Build the command[^]*?\$\(eval "\$requestComp" 2>\/dev\/null\)$/m,
    '$1out=$(tidegate complete -- "${words[@]:1:cword}" 2> /dev/null)',
  ],
  [/^( +local )requestComp /m, '$1'],
  // Fall back to file names.
  [/^complete -F /m, 'complete -o default -F '],
];

/** The library's script for bash, patched to work without bash-completion and to evaluate nothing. */
export function bashScript(script: string): string {
  let made = script;
  for (const [pattern, replacement] of CHANGES) made = made.replace(pattern, replacement);
  return made;
}
