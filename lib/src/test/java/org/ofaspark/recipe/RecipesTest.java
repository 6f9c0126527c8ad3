package org.ofaspark.recipe;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.ofaspark.config.ConfigReader;
import org.ofaspark.config.RecipeSource;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.TransformerConfig;

class RecipesTest {

  static List<String> recipes() throws IOException {
    return ConfFolder.recipes();
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void everyRecipeReadsAndReadsBack(String name) {
    Recipe recipe = RecipeReader.read(ConfFolder.path(name), List.of());
    assertThat(RecipeReader.parse(name, recipe.resolvedText(), List.of())).isEqualTo(recipe);
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void everyRecipeHasARunDirectoryOfItsOwn(String name) {
    Recipe recipe = RecipeReader.read(ConfFolder.path(name), List.of());
    String simpleName = name.replaceFirst(".*/", "").replaceFirst("\\.conf$", "");
    assertThat(recipe.runDir()).isEqualTo("runs/" + simpleName);
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void everyRecipeStartsWithTheCommandThatRunsIt(String name) throws IOException {
    String text = Files.readString(Path.of(ConfFolder.path(name)));
    assertThat(text.lines().filter(line -> line.startsWith("#   submit/")))
        .isNotEmpty()
        .allMatch(line -> line.contains(" conf/" + name + " "));
    assertThat(text).contains("# Set before running: ");
  }

  @Test
  void everyKeyOfTheBaseHasAComment() {
    Config base = ConfigFactory.parseFile(Path.of(ConfFolder.path("base.conf")).toFile());
    assertCommented("", base.root());
  }

  private static void assertCommented(String prefix, ConfigObject group) {
    for (Map.Entry<String, ConfigValue> entry : group.entrySet()) {
      String path = prefix + entry.getKey();
      if (entry.getValue() instanceof ConfigObject inner && !inner.isEmpty()) {
        assertCommented(path + ".", inner);
      } else {
        assertThat(entry.getValue().origin().comments()).as(path).isNotEmpty();
      }
    }
  }

  @Test
  void defaultsAreThese() {
    String defaults =
        ConfigReader.read(ConfFolder.path("base.conf"), RecipeSource.LOCAL, List.of())
            .resolvedText();
    assertThat(defaults)
        .isEqualTo(
            """
            criterion {
                constraint-range=null
                criterion=adjust_label_smoothed_cross_entropy
                drop-best {
                    after=0
                    ratio=0
                    scope=token
                }
                drop-worst {
                    after=0
                    ratio=0
                    scope=token
                }
                ignore-eos=false
                ignore-prefix-size=0
                label-smoothing=0.1
                log-end=0.75
                reg-alpha=1
                sentence-avg=false
                upstream-compat=false
                use-rdrop=false
            }
            data {
                code-dict-size=8192
                columns=5
                image-id-col=1
                imagenet-default-mean-and-std=false
                max-image-size=512
                max-src-length=80
                max-tgt-length=20
                num-bins=1000
                patch-image-size=480
                selected-cols=null
                table=null
                train-split=train
                valid-split=val
            }
            ema {
                decay=0
            }
            evaluate {
                batch-size=16
                bootstrap-samples=1000
                bootstrap-seed=1
                eval-cider-cached-tokens=null
                page-examples=24
                precision=fp32
                splits=[
                    val
                ]
                weights=null
            }
            generate {
                beam=5
                constraint-range=null
                lenpen=1
                max-len-a=0
                max-len-b=200
                min-len=1
                no-repeat-ngram-size=0
                only-bins=false
                sampling=false
                sampling-topk=0
                sampling-topp=0
                seed=1
                temperature=1
                unkpen=0
                unnormalized=false
            }
            model {
                add-type-embedding=true
                arch=null
                attention-dropout=0
                attn-scale-factor=2
                code-layernorm-embedding=true
                decoder-attention-heads=null
                decoder-drop-path-rate=0
                decoder-ffn-embed-dim=null
                decoder-layers=null
                decoder-normalize-before=true
                disable-entangle=true
                dropout=0
                encoder-attention-heads=null
                encoder-drop-path-rate=0
                encoder-embed-dim=null
                encoder-ffn-embed-dim=null
                encoder-layers=null
                encoder-normalize-before=true
                freeze-decoder-embedding=false
                freeze-encoder-embedding=false
                freeze-resnet=false
                image-bucket-size=42
                init-seed=1
                layernorm-embedding=true
                max-source-positions=1024
                max-target-positions=1024
                no-scale-embedding=true
                patch-layernorm-embedding=true
                resnet-drop-path-rate=0
                resnet-layers=null
                resnet-type=null
                resnet-width-per-group=64
                restore-file=null
                scale-attn=true
                scale-fc=true
                scale-heads=true
                share-all-embeddings=true
                share-decoder-input-output-embed=true
                token-bucket-size=256
            }
            optimizer {
                adam-betas=[
                    0.9,
                    0.999
                ]
                adam-eps=1.0E-8
                clip-norm=1
                end-learning-rate=0
                lr=1.0E-5
                lr-scheduler=polynomial_decay
                optimizer=adam
                power=1
                total-num-update=1000000
                warmup-ratio=0.06
                weight-decay=0.01
            }
            preprocess {
                dictionary=null
                encoder-json=null
                input {}
                max-image-bytes="12 MiB"
                max-image-pixels=89478485
                max-image-side=16384
                max-line-bytes="17 MiB"
                max-reject-ratio=0.01
                raw-line-limit="4 KiB"
                unlabelled=[]
                vocab-bpe=null
            }
            ranking {
                interval=0
                score=loss
            }
            run-dir=null
            task=null
            train {
                batch-size=8
                best-checkpoint-metric=loss
                collective-precision=fp32
                collective-timeout="60 seconds"
                fp16-init-scale=128
                fp16-scale-window=512
                global-batch=128
                keep-best-checkpoints=1
                keep-last-checkpoints=2
                log-interval=10
                max-epoch=1
                max-failures=3
                max-update=0
                maximize-best-checkpoint-metric=false
                precision=fp32
                report-accuracy=false
                save-interval-updates=500
                seed=1
                validate-interval-updates=500
            }
            """);
  }

  @Test
  void hugeHasTheseSizes() {
    OfaConfig huge =
        RecipeReader.read(ConfFolder.path("caption/evaluate_caption_huge.conf"), List.of()).model();
    assertThat(huge.embedDim()).isEqualTo(1280);
    assertThat(huge.encoder()).isEqualTo(new TransformerConfig(24, 16, 5120, 0));
    assertThat(huge.decoder()).isEqualTo(new TransformerConfig(12, 16, 5120, 0));
    assertThat(huge.resnet().layers()).isEqualTo(List.of(3, 8, 36));
  }
}
