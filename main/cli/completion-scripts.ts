import { allOf, type Described, type DescribedOption } from './describe.ts';

export const shells = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type Shell = (typeof shells)[number];

/** What a shell has to know of one command. The options of the program go with each. */
interface Row {
  /** Its words with a space between: `mfa push`. */
  path: string;
  commands: Described[];
  options: DescribedOption[];
  /** The first parameter, where there is something to complete. */
  choices: readonly string[];
  of: DescribedOption['of'];
}

/**
 * A script that the shell itself completes with: it starts nothing of ours, so that it is as quick as the shell.
 * Descriptions and choices are texts of the program, and hold no line break.
 */
export function completionScript(shell: Shell, tree: Described): string {
  const rows = rowsOf(tree);
  switch (shell) {
    case 'bash':
      return bash(rows);
    case 'zsh':
      return zsh(rows);
    case 'fish':
      return fish(rows);
    case 'powershell':
      return powershell(rows);
  }
}

function rowsOf(tree: Described): Row[] {
  const general = tree.options.filter(({ long }) => long !== '--version');
  return allOf(tree).map((command) => {
    const [first] = command.parameters;
    return {
      path: command.words.join(' '),
      commands: command.commands,
      options:
        command === tree ? tree.options : [...command.options, ...general.filter(isMissingIn(command))],
      choices: first?.choices ?? [],
      of: first?.of ?? 'text',
    };
  });
}

function isMissingIn({ options }: Described): (option: DescribedOption) => boolean {
  return ({ long }) => !options.some((option) => option.long === long);
}

/** The options that take a value, so that a value is not taken for a command. */
function withValue(rows: readonly Row[]): string[] {
  const all = rows.flatMap(({ options }) => options.filter(({ value }) => value !== undefined));
  return [...new Set(all.map(({ long }) => long))];
}

/** Each way from a command to one below it: `mfa` and `push`. */
function steps(rows: readonly Row[]): string[] {
  return rows.filter(({ path }) => path !== '').map(({ path }) => path);
}

/** In single quotes of sh, bash and zsh. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function bash(rows: readonly Row[]): string {
  const values = rows.flatMap(({ path, options }) =>
    options
      .filter(({ value }) => value !== undefined)
      .map((option) => `    ${quoted(`${path} ${option.long}`)}) ${bashValue(option)}; return ;;`),
  );
  const words = rows.map(({ path, commands, options, choices, of }) => {
    const names = [...commands.map(({ words: own }) => own.at(-1) ?? ''), ...choices];
    const line = `words=${quoted(names.join(' '))} options=${quoted(options.map(({ long }) => long).join(' '))}`;
    return `    ${quoted(path)}) ${line}${of === 'text' ? '' : ' files=yes'} ;;`;
  });
  return `# Completion of latchkey for bash: source <(latchkey completion bash)
_latchkey() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path='' words='' options='' files='' index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    case \${COMP_WORDS[index]} in
      --) compopt -o default; COMPREPLY=($(compgen -c -- "$current")); return ;;
      ${withValue(rows).join('|')}) ((index++)); continue ;;
    esac
    case "\${path:+$path }\${COMP_WORDS[index]}" in
      ${steps(rows).map(quoted).join('|')}) path="\${path:+$path }\${COMP_WORDS[index]}" ;;
    esac
  done
  case "$path $previous" in
${values.join('\n')}
  esac
  case $path in
${words.join('\n')}
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    [[ -z $files ]] || compopt -o default
  fi
}
complete -F _latchkey latchkey
`;
}

function bashValue({ choices, of }: DescribedOption): string {
  if (of !== 'text') return `compopt -o default ${of === 'folder' ? '-o dirnames' : ''}`.trim();
  return choices.length === 0 ? ':' : `COMPREPLY=($(compgen -W ${quoted(choices.join(' '))} -- "$current"))`;
}

function zsh(rows: readonly Row[]): string {
  const entry = (name: string, about: string): string =>
    quoted(`${name.replaceAll(':', String.raw`\:`)}:${about.replaceAll(':', String.raw`\:`)}`);
  const values = rows.flatMap(({ path, options }) =>
    options
      .filter(({ value }) => value !== undefined)
      .map((option) => `    ${quoted(`${path} ${option.long}`)}) ${zshValue(option)}; return ;;`),
  );
  const words = rows.map(({ path, commands, options, choices, of }) => {
    const names = [
      ...commands.map(({ words: own, about }) => entry(own.at(-1) ?? '', about)),
      ...choices.map((choice) => entry(choice, '')),
    ];
    return `    ${quoted(path)})
      entries=(${names.join(' ')})
      options=(${options.map(({ long, about }) => entry(long, about)).join(' ')})${of === 'text' ? '' : '\n      files=yes'} ;;`;
  });
  return `#compdef latchkey
# Completion of latchkey for zsh: source <(latchkey completion zsh), or as the file _latchkey in a folder of fpath
_latchkey() {
  local -a entries options
  local path_='' files='' index
  for ((index = 2; index < CURRENT; index++)); do
    case $words[index] in
      --) shift $index words; ((CURRENT -= index)); _normal; return ;;
      ${withValue(rows).join('|')}) ((index++)); continue ;;
    esac
    case "\${path_:+$path_ }$words[index]" in
      ${steps(rows)
        .map((step) => quoted(step))
        .join('|')}) path_="\${path_:+$path_ }$words[index]" ;;
    esac
  done
  case "$path_ $words[CURRENT-1]" in
${values.join('\n')}
  esac
  case $path_ in
${words.join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o option options
  else
    ((\${#entries} == 0)) || _describe command entries
    [[ -z $files ]] || _files
  fi
}
if [[ $funcstack[1] == _latchkey ]]; then _latchkey "$@"; else compdef _latchkey latchkey; fi
`;
}

function zshValue({ choices, of }: DescribedOption): string {
  if (of !== 'text') return of === 'folder' ? '_files -/' : '_files';
  return choices.length === 0 ? '_message value' : `compadd -- ${choices.map(quoted).join(' ')}`;
}

function fish(rows: readonly Row[]): string {
  const text = (value: string): string =>
    `'${value.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
  const lines = rows.flatMap(({ path, commands, options, choices, of }) => {
    const at = `complete -c latchkey -n ${text(`test "$(__latchkey_path)" = "${path}"`)}`;
    return [
      ...commands.map(({ words, about }) => `${at} -a ${text(words.at(-1) ?? '')} -d ${text(about)}`),
      ...choices.map((choice) => `${at} -a ${text(choice)}`),
      ...(of === 'text' ? [] : [`${at} -F`]),
      ...options.map(
        (option) =>
          `${at} ${option.short === undefined ? '' : `-s ${option.short.slice(1)} `}-l ${option.long.slice(2)}${fishValue(option)} -d ${text(option.about)}`,
      ),
    ];
  });
  return `# Completion of latchkey for fish: latchkey completion fish | source
function __latchkey_path
  set -l tokens (commandline -xpc 2>/dev/null; or commandline -opc)
  set -e tokens[1]
  set -l path ''
  set -l skip no
  for token in $tokens
    if test $skip = yes
      set skip no
      continue
    end
    if test "$token" = --
      echo another
      return
    end
    if contains -- "$token" ${withValue(rows).join(' ')}
      set skip yes
      continue
    end
    set -l step (string trim -- "$path $token")
    if contains -- "$step" ${steps(rows).map(text).join(' ')}
      set path $step
    end
  end
  echo $path
end
complete -c latchkey -e
complete -c latchkey -f
complete -c latchkey -n 'test "$(__latchkey_path)" = another' -F -a '(complete -C (commandline -ct))'
${lines.join('\n')}
`;

  function fishValue({ value, choices, of }: DescribedOption): string {
    if (value === undefined) return '';
    if (of !== 'text') return ' -r -F';
    return choices.length === 0 ? ' -x' : ` -x -a ${text(choices.join(' '))}`;
  }
}

function powershell(rows: readonly Row[]): string {
  const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
  const entry = (name: string, about: string): string =>
    `@(${text(name)}, ${text(about === '' ? name : about)})`;
  const table = rows.map(({ path, commands, options, choices }) => {
    const names = [
      ...commands.map(({ words, about }) => entry(words.at(-1) ?? '', about)),
      ...choices.map((choice) => entry(choice, '')),
      ...options.map(({ long, about }) => entry(long, about)),
    ];
    const values = options
      .filter(({ choices: known }) => known.length > 0)
      .map(({ long, choices: known }) => `${text(long)} = @(${known.map(text).join(', ')})`);
    return `    ${text(path)} = @{ Entries = @(${names.join(', ')}); Values = @{ ${values.join('; ')} } }`;
  });
  return `# Completion of latchkey for PowerShell: latchkey completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName latchkey -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $table = @{
${table.join('\n')}
  }
  $withValue = @(${withValue(rows).map(text).join(', ')})
  $before = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { "$_" })
  $path = ''
  for ($index = 1; $index -lt $before.Count; $index++) {
    if ($before[$index] -eq '--') { return }
    if ($withValue -contains $before[$index]) { $index++; continue }
    $step = "$path $($before[$index])".Trim()
    if ($table.ContainsKey($step)) { $path = $step }
  }
  $previous = $before[-1]
  if ($withValue -contains $previous) {
    $known = $table[$path].Values[$previous]
    if ($null -eq $known) { return }
    $known | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
    return
  }
  $table[$path].Entries | Where-Object { $_[0] -like "$wordToComplete*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
  }
}
`;
}
