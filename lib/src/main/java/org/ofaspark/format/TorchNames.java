package org.ofaspark.format;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;

/**
 * The names of Python that a torch file may hold: those of {@code torch.load} with {@code
 * weights_only=True}, and some that checkpoints hold beside weights.
 *
 * <p>Upstream: {@code _get_allowed_globals} in {@code torch/_weights_only_unpickler.py}.
 */
final class TorchNames {

  static final String ORDERED_DICT = "collections.OrderedDict";
  static final String COUNTER = "collections.Counter";
  static final String DEFAULT_DICT = "collections.defaultdict";
  static final String NAMESPACE = "argparse.Namespace";
  static final String TENSOR = "torch._utils._rebuild_tensor_v2";

  private static final Map<String, DType> STORAGES =
      Map.ofEntries(
          Map.entry("torch.DoubleStorage", DType.F64),
          Map.entry("torch.FloatStorage", DType.F32),
          Map.entry("torch.HalfStorage", DType.F16),
          Map.entry("torch.BFloat16Storage", DType.BF16),
          Map.entry("torch.LongStorage", DType.I64),
          Map.entry("torch.IntStorage", DType.I32),
          Map.entry("torch.ShortStorage", DType.I16),
          Map.entry("torch.CharStorage", DType.I8),
          Map.entry("torch.ByteStorage", DType.U8),
          Map.entry("torch.BoolStorage", DType.BOOL));

  /** A storage of bytes, whose tensors name the type of their elements. */
  private static final String UNTYPED = "torch.storage.UntypedStorage";

  /** Storages that no weight of ours has, and the bytes of an element. */
  private static final Map<String, Integer> OTHER_STORAGES =
      Map.of(
          "torch.ComplexDoubleStorage", 16,
          "torch.ComplexFloatStorage", 8,
          "torch.QInt32Storage", 4,
          "torch.QInt8Storage", 1,
          "torch.QUInt8Storage", 1,
          "torch.QUInt4x2Storage", 1,
          "torch.QUInt2x4Storage", 1);

  private static final Map<String, DType> DTYPES =
      Map.ofEntries(
          Map.entry("torch.float64", DType.F64),
          Map.entry("torch.float32", DType.F32),
          Map.entry("torch.float16", DType.F16),
          Map.entry("torch.bfloat16", DType.BF16),
          Map.entry("torch.int64", DType.I64),
          Map.entry("torch.int32", DType.I32),
          Map.entry("torch.int16", DType.I16),
          Map.entry("torch.int8", DType.I8),
          Map.entry("torch.uint64", DType.U64),
          Map.entry("torch.uint32", DType.U32),
          Map.entry("torch.uint16", DType.U16),
          Map.entry("torch.uint8", DType.U8),
          Map.entry("torch.bool", DType.BOOL));

  /** What is called and gives something that is read. */
  private static final Set<String> READ =
      Set.of(
          ORDERED_DICT,
          COUNTER,
          DEFAULT_DICT,
          NAMESPACE,
          "copyreg._reconstructor",
          "copy_reg._reconstructor",
          TENSOR,
          "torch._utils._rebuild_tensor",
          "torch._utils._rebuild_tensor_v3",
          "torch._utils._rebuild_parameter",
          "torch._utils._rebuild_parameter_with_state",
          "torch._tensor._rebuild_from_type_v2",
          "torch.nn.parameter.Parameter",
          "torch.Size");

  /** What is called and gives something whose content is dropped. */
  private static final Set<String> OPAQUE =
      Set.of(
          "_codecs.encode",
          "builtins.bytearray",
          "__builtin__.bytearray",
          "builtins.complex",
          "__builtin__.complex",
          "builtins.set",
          "__builtin__.set",
          "builtins.frozenset",
          "__builtin__.frozenset",
          "builtins.slice",
          "collections.deque",
          "datetime.date",
          "datetime.datetime",
          "datetime.timedelta",
          "pathlib.Path",
          "pathlib.PosixPath",
          "pathlib.PurePosixPath",
          "pathlib.PureWindowsPath",
          "pathlib.WindowsPath",
          "numpy.core.multiarray._reconstruct",
          "numpy._core.multiarray._reconstruct",
          "numpy.core.multiarray.scalar",
          "numpy._core.multiarray.scalar",
          "numpy.core.numeric._frombuffer",
          "numpy._core.numeric._frombuffer",
          "numpy.dtype",
          "torch.device",
          "torch.serialization._get_layout",
          "torch._utils._rebuild_device_tensor_from_cpu_tensor",
          "torch._utils._rebuild_meta_tensor_no_storage",
          "torch._utils._rebuild_qtensor",
          "torch._utils._rebuild_sparse_tensor",
          "torch._utils._rebuild_wrapper_subclass");

  /** Types and values that are only named. */
  private static final Set<String> NAMED = named();

  private TorchNames() {}

  private static Set<String> named() {
    Set<String> names =
        new HashSet<>(
            List.of(
                UNTYPED,
                "torch.Tensor",
                "numpy.ndarray",
                "builtins.object",
                "__builtin__.object",
                "torch.per_tensor_affine",
                "torch.per_tensor_symmetric",
                "torch.per_channel_affine",
                "torch.per_channel_symmetric",
                "torch.per_channel_affine_float_qparams"));
    for (String type : List.of("bool", "dict", "float", "int", "list", "str", "tuple")) {
      names.add("builtins." + type); // of the missing values of a defaultdict
      names.add("__builtin__." + type);
    }
    for (String type :
        List.of(
            "complex32",
            "complex64",
            "complex128",
            "qint8",
            "quint8",
            "qint32",
            "quint4x2",
            "quint2x4",
            "float8_e4m3fn",
            "float8_e4m3fnuz",
            "float8_e5m2",
            "float8_e5m2fnuz",
            "float8_e8m0fnu",
            "float4_e2m1fn_x2")) {
      names.add("torch." + type);
    }
    for (int bits = 1; bits < 8; bits++) {
      names.add("torch.int" + bits);
      names.add("torch.uint" + bits);
    }
    names.addAll(STORAGES.keySet());
    names.addAll(OTHER_STORAGES.keySet());
    names.addAll(DTYPES.keySet());
    return Set.copyOf(names);
  }

  /** Tells whether a file may hold a name. */
  static boolean isKnown(String name) {
    return READ.contains(name)
        || OPAQUE.contains(name)
        || NAMED.contains(name)
        || name.matches("numpy\\.dtypes\\.\\w{1,40}DType");
  }

  /** Tells whether what a function gives is not read. */
  static boolean isOpaque(String function) {
    return OPAQUE.contains(function) || function.startsWith("numpy.dtypes.");
  }

  /** Returns the type that a name of torch stands for, or nothing. */
  static @Nullable DType dtype(String name) {
    return DTYPES.get(name);
  }

  /** Returns the type of a storage's elements, or nothing if they are not read. */
  static @Nullable DType storageDtype(String type) {
    return type.equals(UNTYPED) ? DType.U8 : STORAGES.get(type);
  }

  /** Returns the bytes of an element of a storage, 0 if the name is no storage. */
  static int storageElementBytes(String type) {
    DType dtype = storageDtype(type);
    return dtype == null ? OTHER_STORAGES.getOrDefault(type, 0) : dtype.bytes();
  }

  /**
   * Returns torch's type of storage.
   *
   * @param dtype type of the elements
   * @throws IllegalArgumentException if torch has none
   */
  static String storageType(DType dtype) {
    return STORAGES.entrySet().stream()
        .filter(type -> type.getValue() == dtype)
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    Text.format("%s: no storage (expected: one of %s)", dtype, STORAGES.values())));
  }
}
