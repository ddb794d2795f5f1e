import type { Argument, Command, Option } from 'commander';

export interface DescribedOption {
  /** `-h` and the like. */
  short: string | undefined;
  long: string;
  /** `<file>`, or undefined for an option without a value. */
  value: string | undefined;
  choices: readonly string[];
  about: string;
  /** The value is a path. */
  of: 'file' | 'folder' | 'text';
}

/** A command as completion and manual need it, taken from what the program itself parses with. */
export interface Described {
  /** Without the name of the program: empty, `['mfa', 'push']`. */
  words: string[];
  about: string;
  usage: string;
  options: DescribedOption[];
  parameters: { name: string; choices: readonly string[]; of: DescribedOption['of']; many: boolean }[];
  commands: Described[];
}

/** The tree below a command, in the order of `--help`. */
export function describe(command: Command, words: string[] = []): Described {
  const help = command.createHelp();
  return {
    words,
    about: command.description(),
    usage: command.usage(),
    options: help.visibleOptions(command).map(describedOption),
    parameters: command.registeredArguments.map(describedArgument),
    commands: help
      .visibleCommands(command)
      // It completes and describes what stands there already.
      .filter((inner) => inner.name() !== 'help')
      .map((inner) => describe(inner, [...words, inner.name()])),
  };
}

/** The command and all below it. */
export function allOf(command: Described): Described[] {
  return [command, ...command.commands.flatMap(allOf)];
}

function describedOption(option: Option): DescribedOption {
  const value = /[<[].*[\]>]/.exec(option.flags)?.[0];
  return {
    short: option.short,
    long: option.long ?? option.flags,
    value,
    choices: option.argChoices ?? [],
    about: option.description,
    of: kindOf(value ?? ''),
  };
}

function describedArgument(argument: Argument): Described['parameters'][number] {
  const { argChoices, variadic } = argument;
  return { name: argument.name(), choices: argChoices ?? [], of: kindOf(argument.name()), many: variadic };
}

function kindOf(placeholder: string): DescribedOption['of'] {
  if (/\bfile\b/.test(placeholder)) return 'file';
  return /\bfolder\b/.test(placeholder) ? 'folder' : 'text';
}
