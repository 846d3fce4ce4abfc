"""Access table: the expected status of every URL for every kind of user (quality row X01), used by `test_access.py`.

The columns are an anonymous visitor, bob (a student of the course), carol (a student without enrollments), alice (the
instructor of the course), erin (the instructor of another course) and dan (staff). `{course}` is Alice's published
course, `{draft}` her unpublished one, `{lesson}` a free preview, `{closed}` a lesson for enrolled students,
`{enrollment}` Bob's enrollment in the course, `{done}` his completed one with `{certificate}`, `{number}` and
`{review}`, and `{item}` a graded item. `{order}`, `{payment}` and `{intent}` belong to the course `{priced}`, which Bob
bought and was refunded. `{file}` is a PDF in `{closed}`. `{assignment}` has the attachment `{brief}` and Bob's
`{submission}`, graded by `{change}`. `{key}` is the key of the join link `{link}` of the course,
and `{import}` an import of students that invited one.
"""

from typing import Any

TABLE = """
# pages                                                  visitor  bob  carol  alice  erin  dan
GET    /                                                     200  200  200  200  200  200
GET    /account/login/                                       200  302  302  302  302  302
GET    /account/login/code/                                  302  302  302  302  302  302
GET    /account/reset/                                       200  200  200  200  200  200
GET    /account/verify/                                      200  200  200  200  200  200
GET    /account/email/                                       200  200  200  200  200  200
GET    /account/security/                                    302  200  200  200  200  200
GET    /account/security/password/                           302  200  200  200  200  200
GET    /account/security/email/                              302  200  200  200  200  200
POST   /account/security/second-factor/begin/                302  302  302  302  302  302
GET    /account/security/second-factor/                      302  302  302  302  302  302
GET    /account/security/second-factor/off/                  302  200  200  200  200  200
POST   /account/security/second-factor/send/                 302  302  302  302  302  302
GET    /account/security/second-factor/codes/                302  200  200  200  200  200
POST   /account/security/logins/end-others/                  302  302  302  302  302  302
POST   /account/security/logins/{session}/end/               302  302  404  404  404  404
POST   /account/export/                                      302  302  302  302  302  302
GET    /account/export/download/                             302  302  302  302  302  302
POST   /account/impersonation/end/                           302  302  302  302  302  302
GET    /account/close/                                       302  200  200  200  200  200
POST   /account/logout/                                      302  302  302  302  302  302
GET    /account/register/                                    200  302  302  302  302  302
GET    /account/profile/                                     302  200  200  200  200  200
POST   /account/profile/                                     302  302  302  302  302  302
POST   /account/profile/time-zone/                           302  302  302  302  302  302
POST   /account/picture/                                     302  302  302  302  302  302
GET    /files/signed/nonsense                                403  403  403  403  403  403
GET    /files/{file}/                                        404  302  404  302  404  302
GET    /files/{file}/play/                                   404  404  404  404  404  404
GET    /files/{file}/preview/                                404  200  404  200  404  200
GET    /files/{file}/picture/1280/                           404  404  404  404  404  404
GET    /notifications/                                       302  200  200  200  200  200
POST   /notifications/                                       302  302  302  302  302  302
GET    /notifications/choices/                               302  200  200  200  200  200
GET    /notifications/unsubscribe/nonsense/                  404  404  404  404  404  404
POST   /notifications/unsubscribe/nonsense/                  404  404  404  404  404  404
GET    /dashboard/                                           302  200  200  200  200  200
POST   /courses/{slug}/enroll/                               302  302  302  302  302  302
POST   /courses/{draft_slug}/enroll/                         302  404  404  404  404  404
GET    /courses/{slug}/review/                               302  200  200  200  200  200
GET    /courses/cocoa/reviews/{review}/reply/                302  403  403  200  403  200
GET    /courses/cocoa/reviews/{review}/report/               302  200  200  200  200  200
GET    /learn/{slug}/                                        302  302  404  404  404  404
GET    /learn/{slug}/progress/                               302  200  404  404  404  404
GET    /learn/{slug}/{closed}/                               302  200  404  404  404  404
POST   /learn/{slug}/{closed}/done/                          302  302  404  404  404  404
GET    /courses/                                             200  200  200  200  200  200
GET    /courses/{course}/pattern.svg                         200  200  200  200  200  200
GET    /courses/{slug}/                                      200  200  200  200  200  200
GET    /courses/{draft_slug}/                                404  404  404  200  404  200
GET    /courses/{slug}/lessons/{lesson}/                     200  200  200  200  200  200
GET    /courses/{slug}/lessons/{closed}/                     404  404  404  200  404  200
GET    /teach/                                               302  403  403  200  200  200
POST   /teach/preview/                                       403  403  403  200  200  200
GET    /teach/courses/new/                                   302  403  403  200  200  200
GET    /teach/courses/{slug}/                                302  403  403  200  403  200
GET    /teach/courses/{draft_slug}/                          302  403  403  200  404  200
GET    /teach/courses/{slug}/details/                        302  403  403  200  403  200
POST   /teach/courses/{slug}/picture/                        403  403  403  302  403  302
POST   /teach/courses/{slug}/lessons/{closed}/files/         403  403  403  302  403  302
POST   /teach/courses/{slug}/lessons/{closed}/files/{file}/remove/ 403 403 403 302 403 302
POST   /teach/courses/{slug}/publish/                        403  403  403  302  403  302
POST   /teach/courses/{slug}/unpublish/                      403  403  403  302  403  302
POST   /teach/courses/{slug}/transfer/                       403  403  403  302  403  302
POST   /teach/courses/{slug}/delete/                         403  403  403  302  403  302
POST   /teach/courses/{draft_slug}/delete/                   404  404  404  302  404  302
POST   /teach/courses/{slug}/sections/                       403  403  403  302  403  302
GET    /teach/courses/{slug}/lessons/new/                    302  403  403  200  403  200
GET    /teach/courses/{slug}/lessons/{lesson}/               302  403  403  200  403  200
POST   /teach/courses/{slug}/sections/{section}/rename/      403  403  403  302  403  302
POST   /teach/courses/{slug}/sections/{section}/move/        403  403  403  302  403  302
POST   /teach/courses/{slug}/sections/{section}/delete/      403  403  403  302  403  302
GET    /learn/{slug}/assignments/{assignment}/               302  200  404  200  404  200
POST   /learn/{slug}/assignments/{assignment}/draft/         302  200  404  200  404  200
GET    /teach/courses/{slug}/assignments/                    302  403  403  200  403  200
GET    /teach/courses/{slug}/assignments/new/                302  403  403  200  403  200
GET    /teach/courses/{slug}/assignments/{assignment}/       302  403  403  200  403  200
POST   /teach/assignments/{assignment}/delete/               404  403  404  302  404  302
POST   /teach/assignments/{assignment}/release/              404  403  404  302  404  302
POST   /teach/assignments/{assignment}/files/                404  403  404  302  404  302
POST   /teach/assignments/{assignment}/files/{brief}/remove/ 404  403  404  302  404  302
GET    /teach/grading/                                       302  403  403  200  200  200
GET    /teach/grading/{submission}/                          404  403  404  200  404  200
POST   /teach/grading/{submission}/revert/{change}/          404  403  404  302  404  302
GET    /teach/courses/{slug}/students/                       302  403  403  200  403  200
POST   /teach/courses/{slug}/students/invite/                403  403  403  302  403  302
GET    /teach/courses/{slug}/students/add/                   302  403  403  200  403  200
POST   /teach/courses/{slug}/students/add/                   302  403  403  400  403  400
POST   /teach/courses/{slug}/students/imports/{import}/undo/ 403  403  403  302  403  302
POST   /teach/courses/{slug}/students/links/                 403  403  403  302  403  302
POST   /teach/courses/{slug}/students/links/{link}/revoke/   403  403  403  302  403  302
GET    /teach/courses/{slug}/students/{enrollment}/          302  403  403  200  403  200
POST   /teach/courses/{slug}/students/{enrollment}/time/     403  403  403  400  403  400
POST   /teach/courses/{slug}/students/{enrollment}/end/      403  403  403  400  403  400
POST   /teach/courses/{slug}/students/{enrollment}/readmit/  403  403  403  302  403  302
GET    /teach/courses/{slug}/students/{enrollment}/work/{item}/   302  403  403  200  403  200
GET    /teach/courses/{slug}/gradebook/                      302  403  403  200  403  200
GET    /teach/courses/{slug}/gradebook.csv                   403  403  403  200  403  200
GET    /teach/courses/{slug}/gradebook/weights/              302  403  403  200  403  200
GET    /teach/courses/{slug}/gradebook/{item}/{enrollment}/  302  403  403  200  403  200
GET    /teach/courses/{slug}/announcements/                  302  403  403  200  403  200
POST   /teach/courses/{slug}/announcements/                  302  403  403  200  403  200
GET    /learn/{slug}/announcements/                          302  200  404  200  404  200
GET    /learn/{slug}/chat/                                   302  200  404  200  404  200
POST   /learn/{slug}/chat/                                   302  200  404  200  404  200
POST   /learn/{slug}/chat/1/                                 302  404  404  404  404  404
GET    /learn/{slug}/chat/1/edit/                            302  200  404  404  404  404
GET    /grades/                                              302  200  200  200  200  200
GET    /calendar/                                            302  200  200  200  200  200
POST   /calendar/reset/                                      302  302  302  302  302  302
GET    /calendar/nonsense.ics                                404  404  404  404  404  404
GET    /learn/{slug}/grades/                                 302  200  404  404  404  404
GET    /join/{key}/                                          200  200  200  200  200  200
POST   /join/{key}/                                          302  302  302  302  302  302
GET    /join/nonsense/                                       404  404  404  404  404  404
GET    /invitations/nonsense/                                404  404  404  404  404  404
POST   /teach/courses/{slug}/duplicate/                      403  403  403  302  403  302
POST   /teach/courses/{slug}/arrange/                        403  403  403  400  403  400
GET    /teach/courses/{slug}/preview/                        302  403  403  302  403  302
GET    /teach/courses/{slug}/preview/{lesson}/               302  403  403  200  403  200
POST   /teach/courses/{slug}/lessons/new/draft/              403  403  403  200  403  200
POST   /teach/courses/{slug}/lessons/{lesson}/draft/         403  403  403  200  403  200
POST   /teach/courses/{slug}/lessons/{lesson}/move/          403  403  403  302  403  302
POST   /teach/courses/{slug}/lessons/{lesson}/delete/        403  403  403  302  403  302
GET    /certificates/                                        302  200  200  200  200  200
GET    /certificates/verify/                                 200  200  200  200  200  200
GET    /certificates/verify/{number}/                        200  200  200  200  200  200
GET    /certificates/{certificate}/download/                 302  200  404  404  404  200
GET    /certificates/signer.pem                              200  200  200  200  200  200
POST   /certificates/verify-file/                            400  400  400  400  400  400
GET    /teach/courses/{slug}/certificates/                   302  403  403  200  403  200
POST   /checkout/{priced_slug}/                              302  302  302  302  302  302
GET    /checkout/{draft_slug}/                               302  404  404  404  404  404
GET    /orders/                                              302  200  200  200  200  200
GET    /orders/{order}/                                      302  200  404  404  404  200
GET    /orders/{order}/pay/                                  302  302  404  404  404  403
GET    /orders/{order}/coupon/                               302  302  404  404  404  403
POST   /orders/{order}/coupon/                               302  400  404  404  404  403
GET    /orders/{order}/test-card/                            302  302  404  404  404  403
POST   /orders/{order}/test-card/                            302  400  404  404  404  403
GET    /orders/{order}/receipt/                              302  200  404  404  404  200
GET    /orders/{order}/receipt.pdf                           302  200  404  404  404  200
GET    /quizzes/{quiz}/                                      302  200  404  302  404  302
POST   /quizzes/{quiz}/start/                                302  302  404  302  404  302
GET    /quizzes/attempts/{attempt}/                          302  200  404  403  404  403
GET    /quizzes/attempts/{attempt}/review/                   302  302  404  403  404  403
GET    /teach/courses/{slug}/quizzes/                        302  403  403  200  403  200
GET    /teach/quizzes/{quiz}/                                302  403  404  200  404  200
GET    /teach/quizzes/{quiz}/questions/new/?type=essay       302  403  404  200  404  200
GET    /teach/quizzes/{quiz}/questions/{question}/           302  403  404  200  404  200
POST   /teach/quizzes/{quiz}/questions/{question}/move/      302  403  404  302  404  302
GET    /teach/quizzes/{quiz}/questions/{question}/delete/    302  403  404  200  404  200
POST   /teach/quizzes/{quiz}/questions/{question}/delete/    302  403  404  302  404  302
POST   /teach/quizzes/{quiz}/questions/{question}/restore/   302  403  404  302  404  302
GET    /teach/quizzes/{quiz}/import/                     302  403  404  200  404  200
GET    /teach/quizzes/{quiz}/export/gift/                302  403  404  200  404  200
POST   /teach/quizzes/{quiz}/publish/                        302  403  404  302  404  302
POST   /teach/quizzes/{quiz}/delete/                         302  403  404  302  404  302
GET    /teach/quizzes/{quiz}/results/                        302  403  404  200  404  200
GET    /teach/quizzes/{quiz}/results.csv                     302  403  404  200  404  200
GET    /teach/quizzes/{quiz}/regrade/                        302  403  404  200  404  200
GET    /teach/quizzes/attempts/{attempt}/                    302  404  404  404  404  404
GET    /instructors/{alice}/                                 200  200  200  200  200  200
GET    /teach/dashboard/                                     302  403  403  200  200  200
GET    /teach/profile/                                       302  403  403  200  200  200
GET    /teach/courses/{slug}/analytics/                      302  403  403  200  403  200
GET    /teach/courses/{draft_slug}/analytics/                302  403  403  200  404  200
POST   /teach/courses/{slug}/analytics/export/               302  403  403  302  403  302
GET    /teach/courses/{slug}/students/{enrollment}/activity/ 302  403  403  200  403  200
GET    /analytics/                                           302  403  403  403  403  200
POST   /analytics/export/                                    302  403  403  403  403  302
GET    /exports/                                             302  200  200  200  200  200
GET    /search/?search=tea                                   200  200  200  200  200  200
GET    /search/?panel                                        200  200  200  200  200  200
GET    /robots.txt                                           200  200  200  200  200  200
GET    /livez                                                200  200  200  200  200  200
GET    /legal/imprint/                                       404  404  404  404  404  404
GET    /logo/none.png                                        404  404  404  404  404  404
GET    /accent/0e6450.css                                    404  404  404  404  404  404
GET    /icons/none.svg                                       404  404  404  404  404  404
GET    /healthz                                              200  200  200  200  200  200
GET    /metrics                                              404  404  404  404  404  404
GET    /readyz                                               200  200  200  200  200  200
GET    /dev/components/                                      200  200  200  200  200  200
GET    /dev/mail/                                            200  200  200  200  200  200
GET    /dev/mail/kinds/receipt/                              200  200  200  200  200  200
GET    /dev/mail/kinds/receipt/html/                         200  200  200  200  200  200
GET    /dev/mail/kinds/none/                                 404  404  404  404  404  404
GET    /dev/mail/none.eml/                                   404  404  404  404  404  404
GET    /dev/mail/none.eml/html/                              404  404  404  404  404  404
# the API                                                visitor  bob  carol  alice  erin  dan
GET    /api/v1/schema/                                       200  200  200  200  200  200
GET    /api/v1/docs/                                         200  200  200  200  200  200
GET    /api/v1/redoc/                                        200  200  200  200  200  200
POST   /api/v1/auth/token                                    400  400  400  400  400  400
POST   /api/v1/auth/refresh                                  400  400  400  400  400  400
POST   /api/v1/auth/logout                                   401  400  400  400  400  400
POST   /api/v1/auth/login/mfa                                401  401  401  401  401  401
POST   /api/v1/auth/login-cookie                             400  400  400  400  400  400
POST   /api/v1/auth/refresh-cookie                           401  401  401  401  401  401
POST   /api/v1/auth/logout-cookie                            204  204  204  204  204  204
GET    /api/v1/auth/csrf                                     200  200  200  200  200  200
POST   /api/v1/auth/ws-ticket                                401  200  200  200  200  200
POST   /api/v1/auth/password/reset                           202  202  202  202  202  202
POST   /api/v1/auth/password/reset/confirm                   400  400  400  400  400  400
POST   /api/v1/auth/email/verify                             202  202  202  202  202  202
POST   /api/v1/auth/email/verify/confirm                     401  400  400  400  400  400
POST   /api/v1/auth/mfa/enable                               401  200  200  200  200  200
POST   /api/v1/auth/mfa/disable                              401  409  409  409  409  409
GET    /api/v1/auth/sessions                                 401  200  200  200  200  200
DELETE /api/v1/auth/sessions/{session}                       401  204  404  404  404  404
GET    /api/v1/users/                                        401  403  403  200  200  200
POST   /api/v1/users/                                        201  201  201  201  201  201
GET    /api/v1/users/me                                      401  200  200  200  200  200
PUT    /api/v1/users/me                                      401  200  200  200  200  200
PATCH  /api/v1/users/me                                      401  200  200  200  200  200
GET    /api/v1/users/{bob}                                   401  403  403  403  403  200
DELETE /api/v1/users/{bob}                                   401  403  403  403  403  204
GET    /api/v1/admin/users                                   401  403  403  403  403  200
GET    /api/v1/admin/users/{bob}                             401  403  403  403  403  200
PUT    /api/v1/admin/users/{bob}                             401  403  403  403  403  200
PATCH  /api/v1/admin/users/{bob}                             401  403  403  403  403  200
POST   /api/v1/admin/users/{bob}/impersonate                 401  403  403  403  403  200
GET    /api/v1/admin/stats                                   401  403  403  403  403  200
GET    /api/v1/admin/audit-logs                              401  403  403  403  403  200
POST   /api/v1/files/upload                                  401  415  415  415  415  415
GET    /api/v1/files/{file}                                  401  200  404  200  404  200
GET    /api/v1/files/{file}/download                         401  302  404  302  404  302
DELETE /api/v1/files/{file}                                  401  403  404  409  404  409
GET    /api/v1/notifications/                                401  200  200  200  200  200
GET    /api/v1/notifications/choices                         401  200  200  200  200  200
PUT    /api/v1/notifications/choices                         401  200  200  200  200  200
GET    /api/v1/asyncapi.json                                 200  200  200  200  200  200
POST   /api/v1/notifications/read-all                        401  200  200  200  200  200
POST   /api/v1/notifications/1/read                          401  200  404  200  404  404
GET    /api/v1/categories/                                   200  200  200  200  200  200
GET    /api/v1/courses/                                      200  200  200  200  200  200
POST   /api/v1/courses/                                      401  403  403  201  201  201
GET    /api/v1/courses/{course}                              200  200  200  200  200  200
GET    /api/v1/courses/{draft}                               404  404  404  200  404  200
PUT    /api/v1/courses/{course}                              401  403  403  200  403  200
PUT    /api/v1/courses/{draft}                               401  403  403  200  404  200
PATCH  /api/v1/courses/{course}                              401  403  403  200  403  200
DELETE /api/v1/courses/{course}                              401  403  403  409  403  409
DELETE /api/v1/courses/{draft}                               401  403  403  204  404  204
POST   /api/v1/courses/{course}/publish                      401  403  403  200  403  200
POST   /api/v1/courses/{draft}/publish                       401  403  403  409  404  409
POST   /api/v1/courses/{course}/unpublish                    401  403  403  200  403  200
POST   /api/v1/courses/{course}/transfer                     401  403  403  400  403  400
GET    /api/v1/courses/{course}/lessons/                     200  200  200  200  200  200
GET    /api/v1/courses/{draft}/lessons/                      404  404  404  200  404  200
POST   /api/v1/courses/{course}/lessons/                     401  403  403  201  403  201
POST   /api/v1/courses/{draft}/lessons/                      401  403  403  201  404  201
POST   /api/v1/courses/{course}/lessons/reorder              401  403  403  200  403  200
GET    /api/v1/courses/{course}/lessons/{closed}             200  200  200  200  200  200
PUT    /api/v1/courses/{course}/lessons/{closed}             401  403  403  200  403  200
PATCH  /api/v1/courses/{course}/lessons/{closed}             401  403  403  200  403  200
DELETE /api/v1/courses/{course}/lessons/{closed}             401  403  403  204  403  204
GET    /api/v1/courses/{course}/messages/                    401  200  404  200  404  200
GET    /api/v1/courses/{draft}/messages/                     401  404  404  200  404  200
POST   /api/v1/courses/{course}/messages/                    401  201  404  201  404  201
GET    /api/v1/courses/{course}/messages/unread              401  200  404  200  404  200
POST   /api/v1/courses/{course}/messages/unread              401  200  404  200  404  200
PATCH  /api/v1/courses/{course}/messages/1                   401  200  404  403  404  403
DELETE /api/v1/courses/{course}/messages/1                   401  204  404  403  404  403
POST   /api/v1/courses/{course}/messages/1/hide              401  403  404  200  404  200
POST   /api/v1/courses/{course}/messages/1/show              401  403  404  200  404  200
POST   /api/v1/courses/{course}/messages/1/mute              401  403  404  204  404  204
POST   /api/v1/courses/{course}/messages/1/unmute            401  403  404  204  404  204
GET    /api/v1/courses/{course}/announcements/               401  200  404  200  404  200
POST   /api/v1/courses/{course}/announcements/               401  403  404  201  404  201
GET    /api/v1/courses/{course}/reviews/                     200  200  200  200  200  200
GET    /api/v1/courses/{draft}/reviews/                      404  404  404  200  404  200
POST   /api/v1/courses/{course}/reviews/                     401  201  403  403  403  403
GET    /api/v1/courses/{done_course}/reviews/{review}        200  200  200  200  200  200
PUT    /api/v1/courses/{done_course}/reviews/{review}        401  200  403  403  403  403
PATCH  /api/v1/courses/{done_course}/reviews/{review}        401  200  403  403  403  403
DELETE /api/v1/courses/{done_course}/reviews/{review}        401  204  403  403  403  403
POST   /api/v1/courses/{done_course}/reviews/{review}/reply  401  403  403  200  403  200
POST   /api/v1/courses/{done_course}/reviews/{review}/report 401  204  204  204  204  204
GET    /api/v1/enrollments/                                  401  200  200  200  200  200
POST   /api/v1/enrollments/                                  401  409  201  409  201  201
GET    /api/v1/enrollments/{enrollment}                      401  200  404  404  404  200
GET    /api/v1/enrollments/{enrollment}/progress             401  200  404  404  404  200
PUT    /api/v1/enrollments/{enrollment}/progress             401  200  404  404  404  403
PATCH  /api/v1/enrollments/{enrollment}/progress             401  200  404  404  404  403
GET    /api/v1/enrollments/{enrollment}/grades               401  200  404  404  404  200
GET    /api/v1/enrollments/{enrollment}/explain              401  200  404  404  404  200
POST   /api/v1/enrollments/{enrollment}/complete             401  409  404  404  404  403
POST   /api/v1/enrollments/{enrollment}/end                  401  200  404  200  404  200
POST   /api/v1/enrollments/{enrollment}/readmit              401  403  404  200  404  200
POST   /api/v1/enrollments/join                              401  200  201  409  201  201
GET    /api/v1/courses/{course}/enrollments/                 401  403  403  200  403  200
GET    /api/v1/courses/{draft}/enrollments/                  401  404  404  200  404  200
POST   /api/v1/courses/{course}/enrollments/                 401  403  403  200  403  200
POST   /api/v1/courses/{draft}/enrollments/                  401  404  404  409  404  409
POST   /api/v1/courses/{course}/enrollments/import           401  403  403  415  403  415
POST   /api/v1/enrollment-imports/{import}/undo              401  404  404  200  404  200
GET    /api/v1/courses/{course}/join-links/                  401  403  403  200  403  200
GET    /api/v1/courses/{draft}/join-links/                   401  404  404  200  404  200
POST   /api/v1/courses/{course}/join-links/                  401  403  403  201  403  201
DELETE /api/v1/courses/{course}/join-links/{link}            401  403  403  204  403  204
GET    /api/v1/assignments/                                  401  200  200  200  200  200
POST   /api/v1/assignments/                                  401  403  403  201  403  201
GET    /api/v1/assignments/{assignment}                      401  200  404  200  404  200
PUT    /api/v1/assignments/{assignment}                      401  403  403  200  404  200
PATCH  /api/v1/assignments/{assignment}                      401  403  403  200  404  200
DELETE /api/v1/assignments/{assignment}                      401  403  403  409  404  409
POST   /api/v1/assignments/{assignment}/submit               401  409  404  403  404  403
GET    /api/v1/assignments/{assignment}/submissions          401  403  404  200  404  200
POST   /api/v1/assignments/{assignment}/release              401  403  403  200  404  200
GET    /api/v1/assignments/submissions/                      401  200  200  200  200  200
GET    /api/v1/assignments/submissions/{submission}          401  200  404  200  404  200
POST   /api/v1/assignments/submissions/{submission}/grade    401  403  404  200  404  200
GET    /api/v1/certificates/                                 401  200  200  200  200  200
POST   /api/v1/certificates/generate/{enrollment}            401  409  404  404  404  403
POST   /api/v1/certificates/generate/{done}                  401  200  404  404  404  403
GET    /api/v1/certificates/verify/{number}                  200  200  200  200  200  200
GET    /api/v1/certificates/{certificate}                    401  200  404  404  404  200
GET    /api/v1/certificates/{certificate}/download           401  200  404  404  404  200
POST   /api/v1/certificates/{certificate}/revoke             401  403  403  403  403  200
POST   /api/v1/certificates/{certificate}/reissue            401  403  403  403  403  201
POST   /api/v1/certificates/verify-file                      415  415  415  415  415  415
GET    /api/v1/orders/                                       401  200  200  200  200  200
POST   /api/v1/orders/                                       401  201  201  409  201  201
GET    /api/v1/orders/{order}                                401  200  404  404  404  200
GET    /api/v1/coupons/                                      401  403  403  403  403  200
POST   /api/v1/coupons/                                      401  403  403  403  403  201
PATCH  /api/v1/coupons/{coupon}                              401  403  403  403  403  200
GET    /api/v1/payments/                                     401  200  200  200  200  200
POST   /api/v1/payments/create-intent/{order}                401  409  404  404  404  403
POST   /api/v1/payments/webhook                              400  400  400  400  400  400
POST   /api/v1/payments/sandbox/{intent}/confirm             401  409  404  404  404  403
GET    /api/v1/payments/{payment}                            401  200  404  404  404  200
POST   /api/v1/payments/{payment}/refund                     401  403  403  403  403  409
GET    /api/v1/quizzes/                                      401  200  200  200  200  200
POST   /api/v1/quizzes/                                      401  403  403  201  403  201
GET    /api/v1/quizzes/{quiz}                                401  200  404  200  404  200
PUT    /api/v1/quizzes/{quiz}                                401  403  403  200  404  200
PATCH  /api/v1/quizzes/{quiz}                                401  403  403  200  404  200
DELETE /api/v1/quizzes/{quiz}                                401  403  403  409  404  409
POST   /api/v1/quizzes/{quiz}/publish                        401  403  403  200  404  200
POST   /api/v1/quizzes/{quiz}/unpublish                      401  403  403  200  404  200
GET    /api/v1/quizzes/{quiz}/results                        401  403  404  200  404  200
GET    /api/v1/quizzes/{quiz}/results.csv                    401  403  404  200  404  200
GET    /api/v1/quizzes/{quiz}/regrade                        401  403  404  200  404  200
POST   /api/v1/quizzes/{quiz}/regrade                        401  403  403  200  404  200
GET    /api/v1/quizzes/{quiz}/questions/                     401  403  404  200  404  200
POST   /api/v1/quizzes/{quiz}/questions/                     401  403  404  201  404  201
POST   /api/v1/quizzes/{quiz}/questions/import                401  403  404  415  404  415
GET    /api/v1/quizzes/{quiz}/questions/export?format=gift    401  403  404  200  404  200
GET    /api/v1/quizzes/{quiz}/questions/{question}           401  403  404  200  404  200
PUT    /api/v1/quizzes/{quiz}/questions/{question}           401  403  404  200  404  200
PATCH  /api/v1/quizzes/{quiz}/questions/{question}           401  403  404  200  404  200
POST   /api/v1/quizzes/{quiz}/questions/{question}/restore   401  403  404  200  404  200
DELETE /api/v1/quizzes/{quiz}/questions/{question}           401  403  404  409  404  409
GET    /api/v1/quizzes/{quiz}/attempts/                      401  200  404  200  404  200
POST   /api/v1/quizzes/{quiz}/attempts/                      401  200  404  403  404  403
GET    /api/v1/quizzes/{quiz}/attempts/{attempt}             401  200  404  200  404  200
PUT    /api/v1/quizzes/{quiz}/attempts/{attempt}/answers     401  200  404  403  404  403
PATCH  /api/v1/quizzes/{quiz}/attempts/{attempt}/answers     401  200  404  403  404  403
POST   /api/v1/quizzes/{quiz}/attempts/{attempt}/submit      401  200  404  403  404  403
POST   /api/v1/quizzes/{quiz}/attempts/{attempt}/grade       401  403  404  409  404  409
GET    /api/v1/analytics/overview                            401  403  403  403  403  200
GET    /api/v1/analytics/enrollments                         401  403  403  403  403  200
GET    /api/v1/analytics/revenue                             401  403  403  403  403  200
GET    /api/v1/analytics/courses/{course}                    401  403  403  200  403  200
GET    /api/v1/analytics/users/{bob}                         401  200  404  404  404  200
GET    /api/v1/instructors/me/dashboard                      401  403  403  200  200  200
GET    /api/v1/instructors/me                                401  403  403  200  200  200
PUT    /api/v1/instructors/me                                401  403  403  200  200  200
PATCH  /api/v1/instructors/me                                401  403  403  200  200  200
GET    /api/v1/instructors/{alice}                           200  200  200  200  200  200
"""

# What a request carries where an empty body would be refused for its shape, by the end of the path.
BODIES: dict[str, dict[str, Any]] = {
    "POST /api/v1/assignments/": {"course_id": "{course}", "title": "New"},
    "POST /api/v1/assignments/{assignment}/submit": {"content": "Again."},
    "POST /api/v1/assignments/submissions/{submission}/grade": {"grade": 5},
    "POST /api/v1/users/": {"email": "new@example.com", "password": "a long walk home", "full_name": "New"},
    "POST /api/v1/auth/login/mfa": {"challenge_token": "none", "code": "123456"},
    "POST /api/v1/auth/password/reset": {"email": "bob@example.com"},
    "POST /api/v1/auth/email/verify": {"email": "bob@example.com"},
    "POST /api/v1/auth/mfa/enable": {"method": "totp"},
    "POST /api/v1/auth/mfa/disable": {"password": "learn-by-doing", "code": "123456"},
    "POST /api/v1/admin/users/{bob}/impersonate": {"reason": "Ticket 4711"},
    "POST /api/v1/courses/": {"title": "New"},
    "POST /api/v1/courses/{course}/lessons/": {"title": "New"},
    "POST /api/v1/courses/{draft}/lessons/": {"title": "New"},
    "POST /api/v1/courses/{course}/lessons/reorder": {"lesson_ids": "{lessons}"},
    "POST /api/v1/courses/{course}/reviews/": {"rating": 4},
    "POST /api/v1/courses/{done_course}/reviews/{review}/reply": {"reply": "Thank you."},
    "POST /api/v1/courses/{done_course}/reviews/{review}/report": {"reason": "Rude."},
    "POST /api/v1/courses/{course}/messages/": {"text": "Hello."},
    "POST /api/v1/courses/{course}/messages/unread": {"id": 1},
    "PATCH /api/v1/courses/{course}/messages/1": {"text": "Hello again."},
    "POST /api/v1/courses/{course}/announcements/": {"subject": "Exam", "text": "On Friday."},
    "PUT /api/v1/notifications/choices": {"ways": {}},
    "POST /api/v1/enrollments/": {"course_id": "{course}"},
    "POST /api/v1/enrollments/join": {"key": "{key}"},
    "POST /api/v1/courses/{course}/enrollments/": {"user_id": "{bob}"},
    "POST /api/v1/courses/{draft}/enrollments/": {"user_id": "{bob}"},
    "PUT /api/v1/enrollments/{enrollment}/progress": {"lesson_id": "{lesson}"},
    "PATCH /api/v1/enrollments/{enrollment}/progress": {"lesson_id": "{lesson}"},
    "POST /api/v1/enrollments/{enrollment}/end": {"reason": "By mistake."},
    "POST /api/v1/certificates/{certificate}/revoke": {"reason": "By mistake."},
    "POST /api/v1/certificates/{certificate}/reissue": {"reason": "Another name."},
    "POST /api/v1/orders/": {"course_id": "{priced}"},
    "POST /api/v1/coupons/": {"code": "NEW", "percent_off": 10},
    "POST /api/v1/payments/sandbox/{intent}/confirm": {"card": "succeeds"},
    "POST /api/v1/quizzes/": {"course_id": "{course}", "title": "New"},
    "POST /api/v1/quizzes/{quiz}/regrade": {"reason": "Wrong key."},
    "POST /api/v1/quizzes/{quiz}/questions/": {"question_type": "essay", "question_text": "Why?"},
    "PUT /api/v1/quizzes/{quiz}/attempts/{attempt}/answers": {"answers": {}},
    "PATCH /api/v1/quizzes/{quiz}/attempts/{attempt}/answers": {"answers": {}},
    "POST /api/v1/quizzes/{quiz}/attempts/{attempt}/grade": {"question_id": "{question}", "points": 1},
    "POST /account/profile/": {"full_name": "Somebody"},
}

PEOPLE = ("visitor", "bob", "carol", "alice", "erin", "dan")


def rows() -> list[tuple[str, str, list[int]]]:
    """Return the rows of the table: method, path with placeholders, and the expected status for each of PEOPLE."""
    lines = [line.split() for line in TABLE.splitlines() if line and not line.startswith("#")]
    return [(method, path, [int(status) for status in statuses]) for method, path, *statuses in lines]
