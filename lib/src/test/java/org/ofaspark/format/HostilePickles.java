package org.ofaspark.format;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Pickles that want to do harm, by what the refusal has to name. */
final class HostilePickles {

  private HostilePickles() {}

  /** A pickle and a part of the message that refuses it. */
  static final class Payload {
    private final byte[] pickle;
    private final String refusal;

    private Payload(byte[] pickle, String refusal) {
      this.pickle = pickle;
      this.refusal = refusal;
    }

    byte[] pickle() {
      return pickle;
    }

    String refusal() {
      return refusal;
    }
  }

  static Map<String, Payload> all() {
    Map<String, Payload> all = new LinkedHashMap<>();
    addFunctions(all);
    addTricks(all);
    addInstructions(all);
    addBombs(all);
    addDamage(all);
    return all;
  }

  private static void put(Map<String, Payload> all, String name, byte[] pickle, String refusal) {
    if (all.put(name, new Payload(pickle, refusal)) != null) {
      throw new IllegalArgumentException(name + ": twice");
    }
  }

  private static PickleBytes pickle() {
    return new PickleBytes();
  }

  private static void addFunctions(Map<String, Payload> all) {
    for (String function :
        List.of(
            "os.system",
            "posix.system",
            "nt.system",
            "os.execvp",
            "subprocess.Popen",
            "subprocess.check_output",
            "builtins.eval",
            "builtins.exec",
            "builtins.getattr",
            "builtins.__import__",
            "builtins.open",
            "builtins.compile",
            "__builtin__.eval",
            "importlib.import_module",
            "runpy.run_path",
            "shutil.rmtree",
            "socket.socket",
            "webbrowser.open",
            "pickle.loads",
            "torch.load",
            "torch.hub.load",
            "torch._utils._rebuild_device_tensor_from_numpy",
            "torch.storage._load_from_bytes",
            "numpy.load",
            "functools.partial",
            "operator.attrgetter",
            "pty.spawn",
            "codecs.decode",
            "argparse.FileType",
            "collections.OrderedDict.fromkeys",
            "fairseq.tasks.setup_task",
            "java.lang.Runtime")) {
      int dot = function.lastIndexOf('.');
      String module = function.substring(0, dot);
      String name = function.substring(dot + 1);
      put(
          all,
          "GLOBAL " + function,
          pickle().global(module, name).text("touch /tmp/pwned").op(0x85, 'R').end(),
          "global: " + function);
      put(
          all,
          "STACK_GLOBAL " + function,
          pickle().op(0x80, 4).text(module).text(name).op(0x93).text("x").op(0x85, 'R').end(),
          "global: " + function);
    }
  }

  private static void addTricks(Map<String, Payload> all) {
    put(
        all,
        "hostile call inside of the arguments of an allowed one",
        pickle()
            .global("torch._utils", "_rebuild_tensor_v2")
            .ops("(")
            .global("os", "system")
            .text("id")
            .op(0x85, 'R')
            .ops("tR")
            .end(),
        "global: os.system");
    put(
        all,
        "function under a dotted name of an allowed module",
        pickle().op(0x80, 4).text("collections").text("abc.sys.modules").op(0x93).end(),
        "global: collections.abc.sys.modules");
    put(
        all,
        "line break in a name",
        pickle().op(0x80, 4).text("os\nforged: line").text("system").op(0x93).end(),
        "global: os?forged: line.system");
    put(
        all,
        "call of a text",
        pickle().text("os.system").text("id").op(0x85, 'R').end(),
        "call of: text of 9 characters");
    put(
        all,
        "call of a storage's type",
        pickle().global("torch", "FloatStorage").ops(")R").end(),
        "call of: torch.FloatStorage");
    put(
        all,
        "call of what a call gave",
        pickle().global("argparse", "Namespace").ops(")R)R").end(),
        "call of: Namespace");
    put(
        all,
        "ordered dictionary of a generator",
        pickle().global("collections", "OrderedDict").text("x").op(0x85, 'R').end(),
        "call of collections.OrderedDict: text of 1 characters");
    put(
        all,
        "arguments that are no tuple",
        pickle().global("argparse", "Namespace").ops("]R").end(),
        "call of argparse.Namespace: list");
    put(
        all,
        "state of a function",
        pickle().global("collections", "OrderedDict").ops("}b").end(),
        "state of: collections.OrderedDict");
    put(
        all,
        "state of a tensor",
        pickle().tensor("0", 1).ops("}").text("__setstate__").text("x").ops("sb").end(),
        "state of: View");
    put(
        all,
        "state of slots",
        pickle().global("argparse", "Namespace").ops(")R(N}tb").end(),
        "state of: Namespace");
    put(
        all,
        "items of a namespace",
        pickle().global("argparse", "Namespace").ops(")R").text("a").text("b").ops("s").end(),
        "set items of: Namespace");
    put(all, "items appended to a dictionary", pickle().ops("}Na").end(), "append to: dictionary");
    put(
        all,
        "dictionary key that contains itself",
        pickle().ops("]q").op(0).ops("h").op(0).ops("a}h").op(0).ops("Ns").end(),
        "dictionary key: list");
    put(all, "persistent id of a text", pickle().text("../../x").ops("Q").end(), "persistent id");
    put(
        all,
        "persistent id of a module",
        pickle()
            .ops("(")
            .text("module")
            .global("torch", "FloatStorage")
            .text("0")
            .text("cpu")
            .number(1)
            .ops("tQ")
            .end(),
        "persistent id");
    put(
        all,
        "storage of a function's type",
        pickle()
            .ops("(")
            .text("storage")
            .global("argparse", "Namespace")
            .text("0")
            .text("cpu")
            .number(1)
            .ops("tQ")
            .end(),
        "persistent id: argparse.Namespace 0 of 1");
    put(
        all,
        "storage inside of another one",
        pickle()
            .ops("(")
            .text("storage")
            .global("torch", "FloatStorage")
            .text("0")
            .text("cpu")
            .number(1)
            .ops(")tQ")
            .end(),
        "persistent id");
    put(
        all,
        "tensor with attributes inside of itself",
        pickle()
            .global("torch._tensor", "_rebuild_from_type_v2")
            .ops("(")
            .global("torch._tensor", "_rebuild_from_type_v2")
            .global("torch", "Tensor")
            .ops(")}tR")
            .end(),
        "_rebuild_from_type_v2 inside of itself");
    put(
        all,
        "type of a storage's elements that is a function",
        pickle()
            .global("copyreg", "_reconstructor")
            .ops("(")
            .global("torch", "float32")
            .ops("tR")
            .end(),
        "call of: torch.float32");
    put(
        all,
        "storage of negative size",
        pickle().storage("FloatStorage", "0", -1).end(),
        "persistent id: torch.FloatStorage 0 of -1");
  }

  private static void addInstructions(Map<String, Payload> all) {
    put(all, "INST", pickle().ops("(").ops("ios\nsystem\n").end(), "INST 0x69");
    put(all, "OBJ", pickle().ops("(").global("argparse", "Namespace").ops("o").end(), "OBJ 0x6f");
    put(all, "PERSID", pickle().ops("Pfile:///etc/passwd\n").end(), "PERSID 0x50");
    put(all, "EXT1", pickle().op(0x82, 1).end(), "EXT1 0x82");
    put(all, "EXT2", pickle().op(0x83, 1, 0).end(), "EXT2 0x83");
    put(all, "EXT4", pickle().op(0x84, 1, 0, 0, 0).end(), "EXT4 0x84");
    put(
        all,
        "NEWOBJ_EX",
        pickle().op(0x80, 4).global("argparse", "Namespace").ops(")}").op(0x92).end(),
        "NEWOBJ_EX 0x92");
    put(
        all,
        "BYTEARRAY8",
        pickle().op(0x80, 5).op(0x96).int64(Long.MAX_VALUE).end(),
        "bytes: 9223372036854775807 bytes");
    put(all, "NEXT_BUFFER", pickle().op(0x80, 5).op(0x97).end(), "NEXT_BUFFER 0x97");
    put(all, "READONLY_BUFFER", pickle().op(0x80, 5).op(0x98).end(), "READONLY_BUFFER 0x98");
    put(all, "text without quotes", pickle().ops("Sopen\n").end(), "text: open");
    put(all, "integer of letters", pickle().ops("Lone\n").end(), "integer: one");
    put(all, "unknown instruction", pickle().op(0xff).end(), "unknown 0xff");
    put(all, "protocol 6", pickle().op(0x80, 6).end(), "protocol: 6");
  }

  private static void addBombs(Map<String, Payload> all) {
    put(
        all,
        "huge integer",
        pickle().op(0x8b).int32(1 << 20).ops("\0".repeat(1 << 20)).end(),
        "integer: 1048576 bytes");
    put(all, "integer of negative length", pickle().op(0x8b).int32(-1).end(), "integer: -1 bytes");
    put(all, "text of 4 GB", pickle().op('X').int32(-1).end(), "text: 4294967295 bytes");
    put(
        all,
        "text of 8 EB",
        pickle().op(0x8d).int64(Long.MAX_VALUE).end(),
        "text: 9223372036854775807");
    put(all, "bytes of negative length", pickle().op(0x8e).int64(-5).end(), "bytes: -5 bytes");
    put(all, "frame of 8 EB", pickle().op(0x95).int64(Long.MAX_VALUE).end(), "stack: nothing");
    byte[] empty = new byte[2 << 20];
    Arrays.fill(empty, (byte) '}');
    put(all, "millions of dictionaries", empty, "more instructions");
    byte[] memoized = new byte[2 << 20];
    Arrays.fill(memoized, (byte) 0x94);
    memoized[0] = 'N';
    put(all, "millions of memo entries", memoized, "more instructions");
    put(all, "too long", new byte[TorchPickle.MAX_BYTES + 1], "16777217 bytes");
    put(
        all,
        "long key, again and again",
        pickle().text("k".repeat(1 << 20)).ops("q\0}h\0Ns").end(),
        "dictionary key: text of 1048576 characters");
    put(all, "memo of another pickle", pickle().op('h', 7).end(), "memo: 7");
    put(all, "shape of many axes", shape(1000), "shape: Tuple");
    put(all, "name without end", pickle().ops("c" + "a".repeat(1 << 20)).end(), "line: longer");
    PickleBytes doubled = pickle().ops("]q\0");
    for (int i = 0; i < 200; i++) {
      doubled.op('h', i, 'h', i, 0x86, 'q', i + 1);
    }
    put(all, "tuples doubled 200 times, called", doubled.ops(")R").end(), "call of: Tuple");
    put(all, "lists inside of lists", pickle().ops("]".repeat(900_000)).ops("R").end(), "call of");
  }

  private static byte[] shape(int axes) {
    PickleBytes shape =
        pickle()
            .global("torch._utils", "_rebuild_tensor_v2")
            .ops("(")
            .storage("FloatStorage", "0", 1)
            .number(0)
            .ops("(");
    for (int i = 0; i < axes; i++) {
      shape.number(1);
    }
    return shape.ops("t)tR").end();
  }

  private static void addDamage(Map<String, Payload> all) {
    put(all, "nothing", new byte[0], "pickle: ends early");
    put(all, "no end", pickle().ops("}").cut(), "pickle: ends early");
    put(all, "end without a value", pickle().end(), "stack: nothing on it");
    put(all, "end at a mark", pickle().ops("(").end(), "stack: nothing on it");
    put(all, "no mark", pickle().ops("Nt").end(), "stack: no mark on it");
    put(all, "tuple across a mark", pickle().ops("N(N").op(0x86).end(), "stack: nothing on it");
    put(all, "key without a value", pickle().ops("}(Nu").end(), "items: 1 values");
  }
}
